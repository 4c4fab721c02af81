"""Random orders of customers: mostly valid, often at a limit, sometimes repeated or about another customer's
objects."""

import random
from collections.abc import Callable

from tests.model.follow_ups import follow_up
from tests.model.model import Model
from tests.model.orders import (
    BankAnswer,
    Bonus,
    Cancel,
    CancelRequest,
    CloseWallet,
    Confirm,
    DeclineRequest,
    Deposit,
    EndUnpayableRequest,
    Expire,
    Freeze,
    IssueCard,
    Item,
    Keyed,
    OpeningBalance,
    Order,
    Pay,
    PayBatch,
    PayByCard,
    PayRequest,
    Refund,
    RequestMoney,
    Reverse,
    SetCardLimits,
    SetCardStatus,
    Unfreeze,
    Withdraw,
    ids_of,
    with_new_ids,
)
from tests.model.picks import UNFINISHED, Picks
from tests.model.store import BETWEEN_PEOPLE, RULES


class Customer:
    """Generates the orders of all customers."""

    def __init__(self, chance: random.Random, model: Model) -> None:
        self.chance, self.model, self.pick = chance, model, Picks(chance, model)
        self._keyed_orders: list[Keyed] = []
        self._welcomes: dict[str, Bonus] = {}
        self._ways: dict[Callable[[], Order], int] = {
            self._pays: 26,
            self._deposits: 12,
            self._imports_balance: 3,
            self._gets_bonus: 2,
            self._withdraws: 6,
            self._requests_money: 14,
            self._pays_request: 16,
            self._ends_a_request: 7,
            self._refunds: 10,
            self._pays_batch: 7,
            self._issues_a_card: 4,
            self._changes_a_card: 6,
            self._pays_by_card: 12,
            self._freezes_or_unfreezes: 3,
            self._closes_wallet: 3,
            self._reverses: 6,
            self._answers_payment: 36,
            self._repeats: 14,
        }

    def orders(self) -> list[Order]:
        """Returns orders that arrive together, in their order."""
        many = self.chance.choice((1, 1, 1, 2, 3, 8))
        self.pick.just_now = []
        orders: list[Order] = []
        for _ in range(many):
            orders.append(self._one(orders[-1] if orders else None))
        return orders

    def _one(self, before: Order | None) -> Order:
        """Returns the next order. `before` is the order that arrives just before it, if any."""
        order = None
        if before is None and self.chance.random() < 0.3:
            order = self._cancels_overdue_request()
        elif before is not None and self.chance.random() < 0.35:
            order = follow_up(self.chance, self.model, before, self.pick.new_id)
        if order is None:
            (way,) = self.chance.choices(list(self._ways), weights=list(self._ways.values()))
            order = way()
        if isinstance(order, Keyed):
            if not isinstance(order, Bonus):
                self._keyed_orders.append(order)
            self.pick.just_now += ids_of(order)
        return order

    # ------------------------------------------------------------ money

    def _pays(self) -> Order:
        who, odd = self.pick.somebody(), self.chance.random()
        to = None if odd < 0.03 else who if odd < 0.06 else self.pick.another(who)
        return Pay(self.pick.new_id(), who, to, self.pick.amount(who), self.pick.new_key())

    def _pays_batch(self) -> Order:
        who, many = self.pick.somebody(), self.chance.choice((1, 2, 2, 3, 5))
        items = [Item(self.pick.another(who), self.pick.amount(who)) for _ in range(many)]
        odd = self.chance.random()
        if odd < 0.2:
            bad = Item(None, 1) if odd < 0.05 else Item(who, 1) if odd < 0.1 else Item(self.pick.another(who), 0)
            items[self.chance.randrange(many)] = bad
        ids = tuple(self.pick.new_id() for _ in items)
        return PayBatch(ids, who, tuple(items), self.chance.random() < 0.5, self.pick.new_key())

    def _deposits(self) -> Order:
        return Deposit(self.pick.new_id(), self.pick.somebody(), self.pick.amount(None), self.pick.new_key())

    def _imports_balance(self) -> Order:
        return OpeningBalance(self.pick.new_id(), self.pick.somebody(), self.pick.amount(None), self.pick.new_key())

    def _gets_bonus(self) -> Order:
        """One order for each customer: later ones repeat it with the same input, whatever the first result was."""
        who = self.pick.somebody()
        if who not in self._welcomes:
            self._welcomes[who] = Bonus(self.pick.new_id(), who, self.pick.amount(None), self.pick.new_key())
        return self._welcomes[who]._replace(id=self.pick.new_id())

    def _withdraws(self) -> Order:
        who = self.pick.somebody()
        return Withdraw(
            self.pick.new_id(), who, self.pick.amount(who), self.chance.random() < 0.5, self.pick.new_key()
        )

    def _refunds(self) -> Order:
        done = [one for one in self.pick.lately(self.model.payments) if one.status == "completed"]
        paid = [one for one in done if one.kind in BETWEEN_PEOPLE]
        if not paid or self.chance.random() < 0.1:
            return Refund(
                self.pick.new_id(), self.pick.somebody(), self.pick.any_payment(), None, self.pick.new_key()
            )
        first = self.chance.choice(paid)
        left = first.amount - first.refunded
        amount = self.chance.choice((None, left, max(left // 2, 1), 1, left + 1))
        return Refund(self.pick.new_id(), self.pick.perhaps_not(first.to), first.id, amount, self.pick.new_key())

    def _answers_payment(self) -> Order:
        """Confirms or cancels a payment, answers for the bank, or expires a payment."""
        alive = [one.id for one in self.model.payments.values() if one.status in UNFINISHED]
        id = self.chance.choice(alive) if alive and self.chance.random() < 0.75 else self.pick.any_payment()
        payment = self.model.payments.get(id)
        who = self.pick.perhaps_not(None if payment is None else payment.owner)
        if payment is not None and payment.status == "created":
            return BankAnswer(who, id, yes=self.chance.random() < 0.8)
        if self.chance.random() < 0.85:
            return (Confirm if self.chance.random() < 0.5 else Cancel)(who, id)
        return self.chance.choice((Expire(who, id), BankAnswer(who, id, yes=True)))

    # ------------------------------------------------------------ requests

    def _requests_money(self) -> Order:
        many, who = self.chance.choice((1, 1, 1, 2, 3)), self.pick.somebody()
        among: list[str | None] = [*dict.fromkeys(self.pick.another(who) for _ in range(many))]
        if (odd := self.chance.random()) < 0.06:
            among[0] = None if odd < 0.03 else who
        with_me = len(among) > 1 and self.chance.random() < 0.5
        total = max(self.pick.amount(None), len(among) + with_me)
        return RequestMoney(
            tuple(self.pick.new_id() for _ in among), who, tuple(among), total, with_me, self.pick.new_key()
        )

    def _pays_request(self) -> Order:
        id = self.pick.any_request()
        request = self.model.requests.get(id)
        return PayRequest(
            self.pick.new_id(),
            self.pick.perhaps_not(None if request is None else request.of),
            id,
            self.pick.new_key(),
        )

    def _ends_a_request(self) -> Order:
        id = self.pick.any_request()
        request = self.model.requests.get(id)
        way = self.chance.choice(
            (DeclineRequest, CancelRequest)
            if request is None
            else (DeclineRequest, CancelRequest, EndUnpayableRequest)
        )
        if way is EndUnpayableRequest and request is not None:  # the sweeper reads the payer from the table
            return EndUnpayableRequest(request.of, id)
        whose = None if request is None else request.who if way is CancelRequest else request.of
        return way(self.pick.perhaps_not(whose), id)

    def _cancels_overdue_request(self) -> Order | None:
        """Cancels a request whose held payment is overdue, while the request itself is not."""
        for payment in self.model.payments.values():
            if payment.lapsed and payment.status in UNFINISHED and payment.asked is not None:
                return CancelRequest(self.model.requests[payment.asked].who, payment.asked)
        return None

    # ------------------------------------------------------------ cards

    def _issues_a_card(self) -> Order:
        return IssueCard(
            self.pick.new_id(), self.pick.somebody(), self.pick.limit(), self.pick.limit(), self.pick.new_key()
        )

    def _changes_a_card(self) -> Order:
        id, who = self.pick.any_card()
        if self.chance.random() < 0.4:
            return SetCardLimits(
                who, id, self.chance.choice((0, self.pick.limit())), self.chance.choice((0, self.pick.limit()))
            )
        return SetCardStatus(who, id, self.chance.choice(("active", "active", "frozen", "closed")))

    def _pays_by_card(self) -> Order:
        id, who = self.pick.any_card()
        card = self.model.cards.get(id)
        amount = self.pick.amount(who)
        if card is not None and self.chance.random() < 0.5:
            left = None if card.month is None else max(card.month - card.spent, 1)
            edge = self.chance.choice((card.each, left))
            amount = amount if edge is None else edge + self.chance.choice((0, 0, 1))
        return PayByCard(self.pick.new_id(), who, id, amount, self.pick.new_key())

    def _reverses(self) -> Order:
        """An operator reverses a payment."""
        known = self.pick.lately(self.model.payments)
        if not known or self.chance.random() < 0.05:
            return Reverse(self.pick.new_id(), self.pick.somebody(), self.pick.new_id())
        done = [one for one in known if one.status == "completed"]
        first = self.chance.choice(done if done and self.chance.random() < 0.8 else known)
        left = first.amount + first.fee - first.refunded
        amount = self.chance.choice((None, None, left or None, max(left // 2, 1), 1, left + 1))
        return Reverse(
            self.pick.new_id(), first.to or first.owner, first.id, amount, at_most=self.chance.random() < 0.5
        )

    def _closes_wallet(self) -> Order:
        """Mostly a customer whose wallet is empty."""
        empty = [name for name, wallet in self.model.wallets.items() if (wallet.posted, wallet.held) == (0, 0)]
        who = self.chance.choice(empty) if empty and self.chance.random() < 0.7 else self.pick.somebody()
        return CloseWallet(who, proven=self.chance.random() < 0.9)

    def _freezes_or_unfreezes(self) -> Order:
        """An operator freezes or unfreezes a wallet."""
        who = self.pick.somebody()
        return Unfreeze(who) if self.chance.random() < 0.5 else Freeze(who, self.chance.choice(("debits", "all")))

    # ------------------------------------------------------------ repeated keys

    def _repeats(self) -> Order:
        """Repeats a key: with the same input and new ids, with another input, or for another wallet."""
        if not self._keyed_orders:
            return self._pays()
        first = self.chance.choice(self._keyed_orders[-40:])
        twist = self.chance.random()
        if twist < 0.1:
            return Deposit(self.pick.new_id(), first.who, 1, first.key)
        if twist < 0.2 and isinstance(first, Pay):
            first = first._replace(amount=first.amount + 1)
        elif twist < 0.3:
            first = first._replace(who=self.pick.somebody())
        return with_new_ids(first, tuple(self.pick.new_id() for _ in ids_of(first)))

    # ------------------------------------------------------------ the rules

    def change_rules(self) -> None:
        """Changes the rules of the model at random."""
        rules, chance = self.model.rules, self.chance
        rules.actions = {rule: chance.choice(("off", "off", "confirm", "confirm", "block")) for rule in RULES}
        rules.threshold, rules.rapid_count = chance.choice((20, 50)), chance.choice((1, 3, 5))
        rules.max_pending, rules.max_open_requests = chance.choice((1, 4, 20)), chance.choice((1, 2, 5))
        rules.max_requests_a_day, rules.max_cards = chance.choice((3, 12, 50)), chance.choice((1, 2, 5))
        rules.daily_limits = {limit: chance.choice((200, 1_000, 10**6)) for limit in rules.daily_limits}
