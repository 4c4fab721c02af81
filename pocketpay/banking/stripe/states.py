"""What Stripe's statuses mean. Pure functions.

    payment intent   processing → pending · succeeded → settled · canceled → declined · any other → to cancel
    payout           pending, in_transit → pending · paid → settled · failed, canceled → declined or returned
    dispute          lost → its amount is returned; an open one is not

A paid payout can become failed within days. A succeeded payment intent stays so; the bank takes money back by a
dispute.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pocketpay.banking.bank import LinkStatus


class IntentState(StrEnum):
    """What to do about a payment intent. A failed one must be canceled: it could succeed later."""

    PENDING = "pending"
    SETTLED = "settled"
    CANCELED = "canceled"
    FAILED = "failed"


class PayoutState(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"


INTENTS = {
    "processing": IntentState.PENDING,
    "succeeded": IntentState.SETTLED,
    "canceled": IntentState.CANCELED,
    "requires_payment_method": IntentState.FAILED,
    "requires_confirmation": IntentState.FAILED,
    "requires_action": IntentState.FAILED,
    "requires_capture": IntentState.FAILED,
}
PAYOUTS = {
    "pending": PayoutState.PENDING,
    "in_transit": PayoutState.PENDING,
    "paid": PayoutState.PAID,
    "failed": PayoutState.FAILED,
    "canceled": PayoutState.FAILED,
}
LOST = frozenset({"lost", "appeal_needs_response", "appeal_under_review"})
"""The statuses of a dispute whose money the customer's bank has. Only a lost dispute can be appealed."""

USABLE_SETUPS = frozenset({"succeeded"})
OPEN_SETUPS = frozenset({"processing", "requires_action", "requires_confirmation"})


def intent_state(status: str) -> IntentState:
    """Returns what a payment intent's status means. A status that is not known yet is pending: nothing is final."""
    return INTENTS.get(status, IntentState.PENDING)


def payout_state(status: str) -> PayoutState:
    """Returns what a payout's status means. A status that is not known yet is pending."""
    return PAYOUTS.get(status, PayoutState.PENDING)


def lost(disputes: Iterable[Any]) -> tuple[int, str]:
    """Returns how much of a payment the customer's bank has taken back, in Stripe's minor units, and the reason."""
    taken = [dispute for dispute in disputes if dispute.status in LOST]
    return sum(dispute.amount for dispute in taken), taken[0].reason if taken else ""


def session_status(session: Any) -> LinkStatus:
    """Returns the state of a link for deposits, whose setup intent, method and mandate are expanded."""
    if session.status == "expired":
        return LinkStatus.FAILED
    if session.status != "complete":
        return LinkStatus.PENDING
    setup = session.setup_intent
    if setup.status in OPEN_SETUPS:
        return LinkStatus.PENDING
    if setup.status not in USABLE_SETUPS:
        return LinkStatus.FAILED
    mandate = setup.mandate
    if setup.payment_method.customer is None or (mandate is not None and mandate.status == "inactive"):
        return LinkStatus.REMOVED
    return LinkStatus.ACTIVE


def account_status(account: Any, bank_account: Any) -> LinkStatus:
    """Returns the state of a link for withdrawals: `bank_account` is the account's default one for the currency."""
    if getattr(account, "deleted", False):
        return LinkStatus.REMOVED
    requirements = account.requirements
    disabled = None if requirements is None else requirements.disabled_reason
    if (disabled or "").startswith("rejected."):
        return LinkStatus.FAILED
    if account.payouts_enabled and bank_account is not None:
        return LinkStatus.ACTIVE
    return LinkStatus.PENDING


def default_account(accounts: Iterable[Any], currency: str) -> Any:
    """Returns the external account that payouts of this currency go to, or None."""
    for one in accounts:
        if (one.currency or "").upper() == currency and one.default_for_currency:
            return one
    return None
