"""Translates the product's results into the model's replies."""

from pocketpay.cards.errors import AboveMonthlyLimit, AbovePaymentLimit, TooManyCards
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.errors import Refusal
from pocketpay.requests.errors import TooManyOpenRequests, TooManyRequests
from pocketpay.transactions.errors import InsufficientFunds, LimitExceeded, RefundTooLarge, TooManyPending, WrongState
from pocketpay.wallets.balance import Standing
from tests.model import orders as model_orders
from tests.model.orders import Order, Reply


def reply_of(order: Order, result: Result | BaseException) -> Reply:
    """Returns the product's result as a reply of the model."""
    if isinstance(result, Answer):
        return _answer(order, result)
    if isinstance(result, Refusal):
        return Reply(why=result.code, facts=facts_of(result))
    raise result


def _batch(answer: Answer) -> Reply:
    parts = tuple(Reply() if part is None else _part(part) for part in answer.item_results)
    things = tuple(thing for part in parts for thing in part.things)
    return Reply(things, replayed=answer.replayed, parts=parts, wallet=_wallet(answer))


def _part(part: Answer | Refusal) -> Reply:
    return Reply(why=part.code, facts=facts_of(part)) if isinstance(part, Refusal) else _payment(part)


def _wallet(answer: Answer) -> tuple[int, int, int]:
    return answer.balance.posted_minor, answer.balance.held_minor, answer.balance.version


def _payment(answer: Answer) -> Reply:
    refusal, things = answer.refusal, ((answer.transaction.id, answer.transaction.status.value),)
    if refusal is None:
        return Reply(things, replayed=answer.replayed)
    return Reply(things, refusal.code, facts_of(refusal), answer.replayed)


def _answer(order: Order, answer: Answer) -> Reply:
    if isinstance(
        order,
        model_orders.RequestMoney
        | model_orders.DeclineRequest
        | model_orders.CancelRequest
        | model_orders.EndUnpayableRequest,
    ):
        things = tuple((one.id, one.status.value) for one in answer.requests)
    elif isinstance(order, model_orders.IssueCard | model_orders.SetCardStatus | model_orders.SetCardLimits):
        things = tuple((one.id, one.status.value) for one in answer.cards)
    elif isinstance(order, model_orders.PayBatch):
        return _batch(answer)
    elif isinstance(order, model_orders.Freeze | model_orders.Unfreeze | model_orders.CloseWallet):
        state = state_of(answer.balance.standing)
        return Reply(facts=(state,), replayed=answer.replayed, wallet=_wallet(answer))
    else:
        return _payment(answer)._replace(wallet=_wallet(answer))
    return Reply(things, replayed=answer.replayed, wallet=_wallet(answer))


def facts_of(refusal: Refusal) -> tuple[int | str, ...]:
    """Returns the numbers of a refusal."""
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
    """Returns active, debits, all or closed."""
    return standing.status.value if standing.frozen_for is None else standing.frozen_for.value
