"""Operators' actions in the town; the reason of each action is its name."""

from uuid import UUID

from asyncpg import Connection, Record

from pocketpay.database.sessions import Database
from pocketpay.identity.user import Role
from pocketpay.mail.outbox import Outbox
from pocketpay.operations.begin_recovery import begin_recovery
from pocketpay.operations.end_sessions import end_sessions
from pocketpay.operations.freeze_wallet import freeze_wallet
from pocketpay.operations.reverse_transaction import reverse_transaction
from pocketpay.operations.risk_settings import clear_risk_setting, set_risk_setting
from pocketpay.operations.roles import set_role
from pocketpay.operations.unfreeze_wallet import unfreeze_wallet
from pocketpay.operations.verify_customer_email import verify_customer_email
from pocketpay.payments.desk import Desk
from pocketpay.settings import Settings
from pocketpay.wallets.balance import Freeze
from tests.operations.operators import OPS

WINDOW, COUNT = "rapid_transfer_window_minutes", "rapid_transfer_count"
SETTINGS = Settings.model_validate({})
SESSION = (
    "insert into sessions (id, user_id, created_at, last_used_at, expires_at) "
    "select gen_random_uuid(), id, now, now, now + interval '1 day' "
    "from users, (select clock_timestamp() as now) clock where wallet_id = $1"
)


async def act(desk: Desk, wallets: dict[str, UUID], done: dict[str, UUID]) -> None:
    """Operators reverse Frank's payment to Gina and a part of his deposit; in the end he is frozen for debits.

    In the end Erin is an operator, and one of two risk settings is left. Frank's email address is verified, his
    sessions are ended, and a recovery code is sent to him; he has signed in again since.
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

    await _help(desk.database, frank)


async def _help(database: Database, frank: UUID) -> None:
    async def arrange(sql: str) -> None:
        async with database.write() as session:
            await session.execute(sql, frank)

    await arrange("update users set email = 'frank@example.com' where wallet_id = $1")
    await verify_customer_email(database, OPS, frank, raw_email="frank@example.com", raw_reason="act_verified")
    await arrange(SESSION)
    await end_sessions(database, OPS, frank, raw_reason="act_ended")
    await arrange(SESSION)
    await begin_recovery(database, Outbox(is_on=True), OPS, frank, raw_reason="act_recovered")


async def names(owner: "Connection[Record]") -> dict[str, str]:
    """Returns the ids of the actions by their names."""
    return {row["reason"]: str(row["id"]) for row in await owner.fetch("select id, reason from operator_actions")}
