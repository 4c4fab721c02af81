"""What the product answers, in the model's words."""

from pocketpay.cards.errors import AboveMonthlyLimit, AbovePaymentLimit, TooManyCards
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.errors import Refusal
from pocketpay.requests.errors import TooManyOpenRequests, TooManyRequests
from pocketpay.transactions.errors import InsufficientFunds, LimitExceeded, RefundTooLarge, TooManyPending, WrongState
from pocketpay.wallets.balance import Standing
from tests.model import orders as said
from tests.model.orders import Order, Told


def heard(order: Order, result: Result | BaseException) -> Told:
    """What the product answered."""
    if isinstance(result, Answer):
        return _answer(order, result)
    if isinstance(result, Refusal):
        return Told(why=result.code, facts=facts_of(result))
    raise result


def _batch(answer: Answer) -> Told:
    parts = tuple(Told() if part is None else _part(part) for part in answer.item_results)
    things = tuple(thing for part in parts for thing in part.things)
    return Told(things, again=answer.replayed, parts=parts, purse=_purse(answer))


def _part(part: Answer | Refusal) -> Told:
    return Told(why=part.code, facts=facts_of(part)) if isinstance(part, Refusal) else _payment(part)


def _purse(answer: Answer) -> tuple[int, int, int]:
    return answer.balance.posted_minor, answer.balance.held_minor, answer.balance.version


def _payment(answer: Answer) -> Told:
    refusal, things = answer.refusal, ((answer.transaction.id, answer.transaction.status.value),)
    if refusal is None:
        return Told(things, again=answer.replayed)
    return Told(things, refusal.code, facts_of(refusal), answer.replayed)


def _answer(order: Order, answer: Answer) -> Told:
    if isinstance(order, said.AskFor | said.Decline | said.TakeBack | said.Sweep):
        things = tuple((one.id, one.status.value) for one in answer.requests)
    elif isinstance(order, said.IssueCard | said.SetCard | said.LimitCard):
        things = tuple((one.id, one.status.value) for one in answer.cards)
    elif isinstance(order, said.PayMany):
        return _batch(answer)
    elif isinstance(order, said.Stop | said.LetGo | said.Leave):
        state = state_of(answer.balance.standing)
        return Told(facts=(state,), again=answer.replayed, purse=_purse(answer))
    else:
        return _payment(answer)._replace(purse=_purse(answer))
    return Told(things, again=answer.replayed, purse=_purse(answer))


def facts_of(refusal: Refusal) -> tuple[int | str, ...]:
    """The numbers that a refusal tells."""
    match refusal:
        case InsufficientFunds():
            return refusal.required.minor, refusal.available.minor
        case LimitExceeded():
            return refusal.limit.total.minor, refusal.limit.used.minor
        case RefundTooLarge():
            return (refusal.left.minor,)
        case AbovePaymentLimit():
            return (refusal.limit.minor,)
        case AboveMonthlyLimit():
            return refusal.limit.minor, refusal.remaining.minor
        case TooManyCards() | TooManyPending() | TooManyOpenRequests() | TooManyRequests():
            return (refusal.most,)
        case WrongState():
            return (refusal.status.value,)
    return ()


def state_of(standing: Standing) -> str:
    """active, debits, all or closed."""
    return standing.status.value if standing.frozen_for is None else standing.frozen_for.value
