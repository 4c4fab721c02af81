"""What operators did in the town, each act with its own name as the reason."""

from uuid import UUID

from asyncpg import Connection, Record

from pocketpay.identity.user import Role
from pocketpay.operations.freeze_wallet import freeze_wallet
from pocketpay.operations.reverse_transaction import reverse_transaction
from pocketpay.operations.risk_settings import clear_risk_setting, set_risk_setting
from pocketpay.operations.roles import set_role
from pocketpay.operations.unfreeze_wallet import unfreeze_wallet
from pocketpay.payments.desk import Desk
from pocketpay.settings import Settings
from pocketpay.wallets.balance import Freeze
from tests.operations.operators import OPS

WINDOW, COUNT = "rapid_transfer_window_minutes", "rapid_transfer_count"
SETTINGS = Settings.model_validate({})


async def act(desk: Desk, wallets: dict[str, UUID], done: dict[str, UUID]) -> None:
    """Frank's payment to Gina goes back, and a part of his deposit; he is frozen for debits in the end.

    Erin is an operator in the end. Of two settings of risk one is left.
    """
    for name, of, amount in (("reversed", "franks_payment", None), ("returned", "franks_deposit", "10.00")):
        answer = await reverse_transaction(desk, OPS, done[of], raw_reason=f"act_{name}", raw_amount=amount)
        done[name] = answer.transaction.id
    frank = wallets["frank"]
    await freeze_wallet(desk, OPS, frank, freeze=Freeze.DEBITS, raw_reason="act_frozen")
    await freeze_wallet(desk, OPS, frank, freeze=Freeze.ALL, raw_reason="act_frozen_for_all")
    await unfreeze_wallet(desk, OPS, frank, raw_reason="act_unfrozen")
    await freeze_wallet(desk, OPS, frank, freeze=Freeze.DEBITS, raw_reason="act_frozen_again")
    for whose, role, reason in (
        ("erin", Role.OPERATOR, "act_granted"),
        ("erin", Role.MEMBER, "act_revoked"),
        ("erin", Role.OPERATOR, "act_granted_again"),
        ("gina", Role.OPERATOR, "act_granted_to_gina"),
    ):
        await set_role(desk.database, OPS, raw_username=whose, role=role, raw_reason=reason)
    set_to = (("act_set", WINDOW, "5"), ("act_set_again", WINDOW, "7"), ("act_set_too", COUNT, "9"))
    for reason, setting, value in set_to:
        await set_risk_setting(desk.database, SETTINGS, OPS, name=setting, raw_value=value, raw_reason=reason)
    await clear_risk_setting(desk.database, SETTINGS, OPS, name=COUNT, raw_reason="act_cleared")


async def names(owner: "Connection[Record]") -> dict[str, str]:
    """The acts by their names."""
    return {row["reason"]: str(row["id"]) for row in await owner.fetch("select id, reason from operator_actions")}
