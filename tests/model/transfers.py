"""Transfers between customers, and their confirmation."""

from uuid import UUID

from tests.model.orders import Reply
from tests.model.store import BETWEEN_PEOPLE, RULES, Payment, Request, Store, refused


def pay(store: Store, id: UUID, who: str, to: str | None, amount: int, request: Request | None = None) -> Reply:
    if to is None or not store.wallets[to].can_be_paid:
        return refused("RECIPIENT_NOT_FOUND")
    if to == who:
        return refused("SELF_TRANSFER")
    wallet = store.wallets[who]
    if wallet.money != store.wallets[to].money:
        return refused("CURRENCY_MISMATCH")
    if wallet.state == "closed":
        return refused("WALLET_CLOSED")
    kind, asked = ("send", None) if request is None else ("request", request.id)
    new = Payment(id, kind, who, to, amount, "completed", asked=asked)
    if wallet.state != "active":
        new.status, new.why = "blocked", "WALLET_FROZEN"
        return store.write(new)
    if wallet.free < amount:
        new.status, new.why, new.facts = "failed", "INSUFFICIENT_FUNDS", (amount, wallet.free)
        return store.write(new)
    if (no := store.limit_refusal(who, "transfer", amount)) is not None:
        return no
    new.reasons = reasons(store, who, to, amount, side_effects=None)
    if not new.reasons:
        store.move(who, to, amount)
        if request is not None:
            request.become("paid")
        return store.write(new)
    if len(store.waiting_of(who)) >= store.rules.max_pending:
        return refused("TOO_MANY_PENDING", store.rules.max_pending)
    if _blocks(store, new.reasons):
        new.status, new.why = "blocked", "RISK_BLOCKED"
        return store.write(new)
    wallet.change(held=amount)
    new.status, new.waited = "pending_confirmation", True
    return store.write(new)


def confirm_or_cancel(store: Store, payment: Payment, *, yes: bool) -> Reply:
    """The sender confirms or cancels a held payment."""
    who, to = payment.who, payment.to
    if payment.kind not in BETWEEN_PEOPLE or who is None or to is None:
        return refused("NOT_FOUND")
    if payment.status == ("completed" if yes else "cancelled"):
        return store.payment_reply(payment, replayed=True)
    if payment.status != "pending_confirmation":
        return refused("WRONG_STATE", payment.status)
    if not yes:
        return store.end(payment, "cancelled")
    if store.wallets[who].state != "active":
        return store.end(payment, "blocked", "WALLET_FROZEN")
    if not store.wallets[to].can_be_paid:
        return store.end(payment, "failed", "RECIPIENT_NOT_FOUND")
    found = reasons(store, who, to, payment.amount, side_effects=payment)
    if _blocks(store, found):
        payment.reasons = found
        return store.end(payment, "blocked", "RISK_BLOCKED")
    payment.become("completed")
    store.move(who, to, payment.amount, held=payment.amount)
    if payment.asked is not None:
        store.requests[payment.asked].become("paid")
    return store.payment_reply(payment)


def reasons(
    store: Store, who: str, to: str, amount: int, *, side_effects: Payment | None
) -> tuple[tuple[str, int], ...]:
    """Returns the risk rules that match a payment, each with its threshold."""
    mine = [one for one in store.owned[who] if one.kind in BETWEEN_PEOPLE and one is not side_effects]
    rules = store.rules
    known = any(one.to == to and one.status == "completed" and one.refunded < one.amount for one in mine)
    is_so = {
        "large_transfer": amount > rules.threshold,
        "new_recipient": not known,
        "rapid_transfers": sum(one.recent for one in mine) >= rules.rapid_count,
    }
    measure = {"large_transfer": rules.threshold, "new_recipient": 0, "rapid_transfers": rules.rapid_count}
    return tuple((rule, measure[rule]) for rule in RULES if is_so[rule] and rules.actions[rule] != "off")


def _blocks(store: Store, found: tuple[tuple[str, int], ...]) -> bool:
    return any(store.rules.actions[rule] == "block" for rule, _ in found)
