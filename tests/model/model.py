"""Which order does what, and what is heard when it is said twice."""

from tests.model import asking, banking, batches, cards, giving_back, paying, standing
from tests.model.orders import (
    AskFor,
    BankSays,
    BringIn,
    BringOver,
    Decline,
    GiveBack,
    IssueCard,
    Keyed,
    Leave,
    LetGo,
    LimitCard,
    OfCard,
    OfPayment,
    OfPurse,
    OfRequest,
    Order,
    Pay,
    PayAsked,
    PayByCard,
    PayMany,
    PayOut,
    Reverse,
    SayYes,
    SetCard,
    Stop,
    Sweep,
    TakeBack,
    TimeIsUp,
    Told,
    Welcome,
    words_of,
)
from tests.model.paper import Kept, Paper, Payment, refused


class Model(Paper):
    """The paper, and somebody who reads orders and writes on it."""

    def together(self, orders: list[Order]) -> list[Told]:
        """What each of these hears, said together in this order; what is overdue of who orders ends first."""
        for who in {order.who for order in orders}:
            for payment in self.waiting_of(who):
                if payment.lapsed:
                    self.end(payment, "expired")
        return [self.say(order) for order in orders]

    def say(self, order: Order) -> Told:
        told = self._keyed(order) if isinstance(order, Keyed) else self._said(order)
        purse = self.purses[order.who]
        answered = told.things or told.parts or told.why is None
        return told._replace(purse=(purse.posted, purse.held, purse.changes)) if answered else told

    def _said(self, order: OfRequest | OfPayment | OfCard | OfPurse | Reverse) -> Told:
        match order:
            case Decline():
                return asking.decline(self, order)
            case TakeBack():
                return asking.take_back(self, order)
            case Sweep():
                return asking.sweep(self, order)
            case Reverse():
                return giving_back.reverse(self, order)
            case Leave():
                return standing.leave(self, order)
            case Stop() | LetGo():
                return standing.stop(self, order)
            case SetCard():
                return cards.set_card(self, order)
            case LimitCard():
                return cards.limit_card(self, order)
            case _:
                return self._about(self.payments.get(order.id), order)

    def _about(self, payment: Payment | None, order: OfPayment) -> Told:
        if payment is None or payment.owner != order.who:
            return refused("NOT_FOUND")
        if isinstance(order, BankSays):
            return banking.bank_says(self, payment, yes=order.yes)
        if isinstance(order, TimeIsUp):
            return self.told(payment, again=True)
        return paying.answered(self, payment, yes=isinstance(order, SayYes))

    # ------------------------------------------------------------ what moves money, or asks for it

    def _keyed(self, order: Keyed) -> Told:
        if isinstance(order, PayMany) and (no := batches.unreadable(order)) is not None:
            return no
        kept = self.keys.get((order.who, order.key))
        if kept is not None:
            return self._again(kept) if kept.words == words_of(order) else refused("IDEMPOTENCY_KEY_REUSED")
        told = self._done(order)
        if told.things:
            things = tuple(id for id, _ in told.things)
            self.keys[order.who, order.key] = Kept(words_of(order), things, told.why, told.facts, told.parts)
        return told

    def _done(self, order: Keyed) -> Told:
        match order:
            case Pay():
                return paying.pay(self, order.id, order.who, order.to, order.amount)
            case PayMany():
                return batches.pay_many(self, order)
            case BringIn():
                return banking.bring_in(self, order)
            case BringOver():
                return banking.bring_over(self, order)
            case Welcome():
                return banking.welcome(self, order)
            case PayOut():
                return banking.pay_out(self, order)
            case AskFor():
                return asking.ask_for(self, order)
            case PayAsked():
                return asking.pay_asked(self, order)
            case GiveBack():
                return giving_back.give_back(self, order)
            case IssueCard():
                return cards.issue(self, order)
            case PayByCard():
                return cards.pay_by_card(self, order)

    def _again(self, kept: Kept) -> Told:
        """What came of it as it is now, with the first refusal; a bank's no may have come after the first answer."""
        if kept.parts:
            return batches.again(self, kept)
        if kept.things[0] in self.cards:
            return self.shown(self.cards[kept.things[0]], again=True)
        if kept.things[0] in self.requests:
            requests = [self.requests[id] for id in kept.things]
            for request in requests:
                self.lapse(request)
            return self.asked(requests, again=True)
        payment = self.payments[kept.things[0]]
        late_no = payment.why if payment.kind in ("deposit", "withdrawal") else None
        return self.told(payment, kept.why or late_no, again=True)
