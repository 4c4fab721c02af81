"""The model: what each order does, and the replies to repeated keys."""

from tests.model import banking, batches, cards, money_requests, refunds, transfers, wallet_states
from tests.model.orders import (
    BankAnswer,
    Bonus,
    CancelRequest,
    CloseWallet,
    Confirm,
    DeclineRequest,
    Deposit,
    EndUnpayableRequest,
    Expire,
    Freeze,
    IssueCard,
    Keyed,
    OfCard,
    OfPayment,
    OfRequest,
    OfWallet,
    OpeningBalance,
    Order,
    Pay,
    PayBatch,
    PayByCard,
    PayRequest,
    Refund,
    Reply,
    RequestMoney,
    Reverse,
    SetCardLimits,
    SetCardStatus,
    Unfreeze,
    Withdraw,
    input_of,
)
from tests.model.store import Payment, Store, StoredKey, refused


class Model(Store):
    """The store with the rules that change it."""

    def together(self, orders: list[Order]) -> list[Reply]:
        """Processes orders that arrive together, in this order. Their senders' overdue payments expire first."""
        for who in {order.who for order in orders}:
            for payment in self.waiting_of(who):
                if payment.lapsed:
                    self.end(payment, "expired")
        return [self.process(order) for order in orders]

    def process(self, order: Order) -> Reply:
        reply = self._with_key(order) if isinstance(order, Keyed) else self._without_key(order)
        wallet = self.wallets[order.who]
        answered = reply.things or reply.parts or reply.why is None
        return reply._replace(wallet=(wallet.posted, wallet.held, wallet.changes)) if answered else reply

    def _without_key(self, order: OfRequest | OfPayment | OfCard | OfWallet | Reverse) -> Reply:
        match order:
            case DeclineRequest():
                return money_requests.decline_request(self, order)
            case CancelRequest():
                return money_requests.cancel_request(self, order)
            case EndUnpayableRequest():
                return money_requests.lapse_request(self, order)
            case Reverse():
                return refunds.reverse(self, order)
            case CloseWallet():
                return wallet_states.close_wallet(self, order)
            case Freeze() | Unfreeze():
                return wallet_states.set_frozen(self, order)
            case SetCardStatus():
                return cards.set_card(self, order)
            case SetCardLimits():
                return cards.limit_card(self, order)
            case _:
                return self._about(self.payments.get(order.id), order)

    def _about(self, payment: Payment | None, order: OfPayment) -> Reply:
        if payment is None or payment.owner != order.who:
            return refused("NOT_FOUND")
        if isinstance(order, BankAnswer):
            return banking.bank_answer(self, payment, yes=order.yes)
        if isinstance(order, Expire):
            return self.payment_reply(payment, replayed=True)
        return transfers.confirm_or_cancel(self, payment, yes=isinstance(order, Confirm))

    # ------------------------------------------------------------ orders with a key

    def _with_key(self, order: Keyed) -> Reply:
        if isinstance(order, PayBatch) and (no := batches.invalid(order)) is not None:
            return no
        kept = self.keys.get((order.who, order.key))
        if kept is not None:
            return self._replay(kept) if kept.input == input_of(order) else refused("IDEMPOTENCY_KEY_REUSED")
        reply = self._done(order)
        if reply.things:
            things = tuple(id for id, _ in reply.things)
            self.keys[order.who, order.key] = StoredKey(input_of(order), things, reply.why, reply.facts, reply.parts)
        return reply

    def _done(self, order: Keyed) -> Reply:
        match order:
            case Pay():
                return transfers.pay(self, order.id, order.who, order.to, order.amount)
            case PayBatch():
                return batches.pay_batch(self, order)
            case Deposit():
                return banking.deposit(self, order)
            case OpeningBalance():
                return banking.opening_balance(self, order)
            case Bonus():
                return banking.bonus(self, order)
            case Withdraw():
                return banking.withdraw(self, order)
            case RequestMoney():
                return money_requests.request_money(self, order)
            case PayRequest():
                return money_requests.pay_request(self, order)
            case Refund():
                return refunds.refund(self, order)
            case IssueCard():
                return cards.issue(self, order)
            case PayByCard():
                return cards.pay_by_card(self, order)

    def _replay(self, kept: StoredKey) -> Reply:
        """Returns the current state of the results, with the first refusal or a later refusal of the bank."""
        if kept.parts:
            return batches.replay(self, kept)
        if kept.things[0] in self.cards:
            return self.card_reply(self.cards[kept.things[0]], replayed=True)
        if kept.things[0] in self.requests:
            requests = [self.requests[id] for id in kept.things]
            for request in requests:
                self.lapse(request)
            return self.requests_reply(requests, replayed=True)
        payment = self.payments[kept.things[0]]
        late_no = payment.why if payment.kind in ("deposit", "withdrawal") else None
        return self.payment_reply(payment, kept.why or late_no, replayed=True)
