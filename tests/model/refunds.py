"""Refunds by recipients, and reversals by operators."""

from tests.model.cards import reduce_spent
from tests.model.orders import Refund, Reply, Reverse
from tests.model.store import BETWEEN_PEOPLE, Payment, Store, refused


def refund(store: Store, order: Refund) -> Reply:
    """The recipient refunds a payment, at most the amount that is not refunded yet."""
    first = store.payments.get(order.of)
    if first is None or (first.to, first.status) != (order.who, "completed") or first.kind not in BETWEEN_PEOPLE:
        return refused("NOT_FOUND")
    assert first.who is not None
    left = first.amount - first.refunded
    if left == 0:
        return refused("ALREADY_REFUNDED")
    amount = left if order.amount is None else order.amount
    if amount > left:
        return refused("REFUND_TOO_LARGE", left)
    if not store.wallets[first.who].can_be_paid:
        return refused("RECIPIENT_NOT_FOUND")
    wallet = store.wallets[order.who]
    if wallet.state == "closed":
        return refused("WALLET_CLOSED")
    new = Payment(order.id, "refund", order.who, first.who, amount, "completed", refund_of=first.id)
    if wallet.state != "active":
        new.status, new.why = "blocked", "WALLET_FROZEN"
    elif wallet.free < amount:
        new.status, new.why, new.facts = "failed", "INSUFFICIENT_FUNDS", (amount, wallet.free)
    else:
        store.move(order.who, first.who, amount)
        first.refunded += amount
        first.changes += 1
    return store.write(new)


def reverse(store: Store, order: Reverse) -> Reply:
    """An operator reverses a payment if the recipient has the money, frozen or not. A payment with a fee only
    completely."""
    first = store.payments.get(order.of)
    if first is None:
        return refused("NOT_FOUND")
    if first.lapsed and first.status == "pending_confirmation":
        store.end(first, "expired")
    if first.kind == "refund":
        return refused("INVALID_INPUT")
    if first.status != "completed":
        return refused("WRONG_STATE", first.status)
    left = first.amount + first.fee - first.refunded
    if left == 0:
        return refused("ALREADY_REFUNDED")
    amount = left if order.amount is None else order.amount
    if amount > left:
        return refused("REFUND_TOO_LARGE", left)
    if first.fee and amount < left:
        return refused("INVALID_AMOUNT")
    if first.who is not None and store.wallets[first.who].state == "closed":
        return refused("RECIPIENT_NOT_FOUND")
    if first.to is not None and (there := store.wallets[first.to].free) < amount:
        if there == 0 or not order.at_most:
            return refused("INSUFFICIENT_FUNDS", amount, there)
        amount = there
    if first.to is not None:
        store.wallets[first.to].change(posted=-amount)
    if first.who is not None:
        store.wallets[first.who].change(posted=amount)
    _refund_house_accounts(store, first, amount)
    reduce_spent(store, first, amount)
    first.refunded += amount
    first.changes += 1
    return store.write(Payment(order.id, "refund", first.to, first.who, amount, "completed", refund_of=first.id))


def _refund_house_accounts(store: Store, first: Payment, amount: int) -> None:
    """Reverses the house accounts' side of a payment. A fee is only reversed together with the rest."""
    money = store.wallets[first.owner].money
    if first.kind == "deposit":
        store.house_accounts["bank", money] += amount
    elif first.kind == "bonus":
        store.house_accounts["promotions", money] += amount
    elif first.kind == "withdrawal":
        store.house_accounts["bank", money] -= amount - first.fee
        store.house_accounts["fees", money] -= first.fee
    elif first.kind == "card":
        store.house_accounts["card_network", money] -= amount
