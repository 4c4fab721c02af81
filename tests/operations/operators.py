"""Helpers for tests of operators: an operator, their actions, and the record of them."""

from uuid import UUID

from pocketpay.clearing.outcome import Answer
from pocketpay.operations.freeze_wallet import freeze_wallet
from pocketpay.operations.unfreeze_wallet import unfreeze_wallet
from pocketpay.operator_log.act import Operator
from pocketpay.payments.desk import Desk
from pocketpay.wallets.balance import Freeze
from tests.payments.customers import Person, Records

OPS = Operator(None, "ops")


async def freeze(desk: Desk, whose: Person, what: Freeze = Freeze.ALL, reason: str = "Stolen phone") -> Answer:
    return await freeze_wallet(desk, OPS, whose.wallet_id, freeze=what, raw_reason=reason)


async def unfreeze(desk: Desk, whose: Person, reason: str = "Phone found") -> Answer:
    return await unfreeze_wallet(desk, OPS, whose.wallet_id, raw_reason=reason)


async def acts_about(records: Records, wallet_id: UUID) -> list[tuple[str, str, str]]:
    """Returns (action, operator, reason) of each recorded action on that wallet, oldest first."""
    rows = await records.connection.fetch(
        "select action, operator, reason from operator_actions where wallet_id = $1 order by created_at, id",
        wallet_id,
    )
    return [tuple(row) for row in rows]
