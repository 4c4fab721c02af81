"""Deposits, withdrawals, opening balances and bonuses, and the bank's answers."""

from tests.model.orders import Bonus, Deposit, OpeningBalance, Reply, Withdraw
from tests.model.store import Payment, Store, refused


def deposit(store: Store, order: Deposit) -> Reply:
    state = store.wallets[order.who].state
    if state == "closed":
        return refused("WALLET_CLOSED")
    new = Payment(order.id, "deposit", None, order.who, order.amount, "created")
    if state == "all":
        new.status, new.why = "blocked", "WALLET_FROZEN"
    elif (no := store.limit_refusal(order.who, "deposit", order.amount)) is not None:
        return no
    return store.write(new)


def opening_balance(store: Store, order: OpeningBalance) -> Reply:
    """No limit and no freeze applies: the money belongs to the customer already."""
    return _credited(store, order, "deposit", "bank")


def bonus(store: Store, order: Bonus) -> Reply:
    """No limit and no freeze applies: the customer earned the bonus before."""
    return _credited(store, order, "bonus", "promotions")


def _credited(store: Store, order: OpeningBalance | Bonus, kind: str, house_account: str) -> Reply:
    wallet = store.wallets[order.who]
    if wallet.state == "closed":
        return refused("WALLET_CLOSED")
    wallet.change(posted=order.amount)
    store.house_accounts[house_account, wallet.money] -= order.amount
    return store.write(Payment(order.id, kind, None, order.who, order.amount, "completed"))


def withdraw(store: Store, order: Withdraw) -> Reply:
    wallet = store.wallets[order.who]
    if wallet.state == "closed":
        return refused("WALLET_CLOSED")
    fee = max(1, (order.amount * 3 + 100) // 200) if order.fast else 0  # 1.5 %, rounded half up
    new = Payment(order.id, "withdrawal", order.who, None, order.amount, "created", fee=fee)
    whole = order.amount + fee
    if wallet.state != "active":
        new.status, new.why = "blocked", "WALLET_FROZEN"
    elif wallet.free < whole:
        new.status, new.why, new.facts = "failed", "INSUFFICIENT_FUNDS", (whole, wallet.free)
    elif (no := store.limit_refusal(order.who, "withdrawal", order.amount)) is not None:
        return no
    else:
        wallet.change(held=whole)
    return store.write(new)


def bank_answer(store: Store, payment: Payment, *, yes: bool) -> Reply:
    """The bank's answer applies in every state of the wallet."""
    if payment.kind not in ("deposit", "withdrawal"):
        return refused("NOT_FOUND")
    if payment.status != "created":
        return store.payment_reply(payment, payment.why)
    wallet, whole = store.wallets[payment.owner], payment.amount + payment.fee
    payment.become("completed" if yes else "failed", None if yes else "BANK_DECLINED")
    if payment.kind == "deposit" and yes:
        wallet.change(posted=whole)
        store.house_accounts["bank", wallet.money] -= whole
    elif payment.kind == "withdrawal":
        wallet.change(held=-whole, posted=-whole if yes else 0)
        store.house_accounts["bank", wallet.money] += payment.amount if yes else 0
        store.house_accounts["fees", wallet.money] += payment.fee if yes else 0
    return store.payment_reply(payment, payment.why)
