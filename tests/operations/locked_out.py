"""Helpers for tests about a locked-out customer: the customer, the operator, and the record of actions."""

from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.operations import audit
from pocketpay.operator_log.act import Operator
from tests.people import Owner, arrive, has_verified_email

MAIL = "ada@example.com"
STATE = {
    "gone": "update users set closed_at = clock_timestamp(), email = null, phone = null",
    "frozen for all": "update wallets set status = 'frozen', frozen_for = 'all', freeze_reason = 'Stolen'",
    "frozen for debits": "update wallets set status = 'frozen', frozen_for = 'debits', freeze_reason = 'Stolen'",
    "without an address": "update users set email = null",
    "unverified": "update users set email_verified_at = null",
}
"""SQL that puts the only customer into that state."""


async def customer(services: IdentityServices, username: str = "ada", email: str = MAIL) -> Admission:
    """Signs up a customer with that email address, verified."""
    arrived = await arrive(services, username, raw_email=email)
    await has_verified_email(services.database, username)
    return arrived


def acting(whose: Admission) -> Operator:
    """Returns that person as a signed-in operator."""
    return Operator(whose.user.id, whose.user.username, whose.viewer.wallet_id)


async def recorded(owner: Owner) -> list[tuple[str, str, str]]:
    """Returns (action, operator, reason) of each recorded action, oldest first."""
    rows = await owner.fetch("select action, operator, reason from operator_actions order by created_at, id")
    return [tuple(row) for row in rows]


async def disagreements(services: IdentityServices) -> list[str]:
    """Returns the findings of the audit."""
    return [str(finding) async for finding in audit.findings(services.database.dsn)]
