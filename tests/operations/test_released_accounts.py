"""Runs the steps of operators.md about a clock that was wrong, and checks their results."""

import re
from pathlib import Path

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.ledger.repository.proofs import CHAIN, LAST_CHANGE
from pocketpay.operations.audit import PROOFS
from pocketpay.operations.stamps import NOT_IN_THE_FUTURE
from pocketpay.transactions.lifecycle import Status
from tests.conftest import Dsns
from tests.payments.customers import Records, open_desk, people, records_of, send, without_risk_rules

MANUAL = Path(__file__).parents[2] / "docs" / "operators.md"

A_DAY_AHEAD = """
set session_replication_role = replica;
alter table ledger_entries disable trigger ledger_entries_never_rewritten;
update ledger_entries set created_at = created_at + interval '1 day' where account_id = '{wallet}';
update ledger_accounts set updated_at = updated_at + interval '1 day' where id = '{wallet}';
alter table ledger_entries enable always trigger ledger_entries_never_rewritten;
set session_replication_role = origin;
"""


def release() -> str:
    """Returns the page's statements that release accounts."""
    (sql,) = re.findall(r"```sql\n(.+?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    assert isinstance(sql, str)
    return sql


async def laws_broken(records: Records) -> set[str]:
    found = await records.findings()
    return {proof.law for proof in PROOFS if any(finding.startswith(f"{proof.law}: ") for finding in found)}


@pytest.mark.usefixtures("limit_of_waiting")
async def test_a_released_account_can_pay_again_and_the_audit_reports_its_wrong_times(database_dsn: Dsns) -> None:
    async with (
        records_of(database_dsn.server, database_dsn.owner) as records,
        open_desk(database_dsn.server, without_risk_rules()) as desk,
    ):
        ada, bob = await people(desk, 2, funds="10.00")
        await records.connection.execute(A_DAY_AHEAD.format(wallet=ada.wallet_id))
        with pytest.raises(ServiceBusy):
            await send(desk, ada, bob, "1.00")
        assert await laws_broken(records) == {NOT_IN_THE_FUTURE.law}
        await records.connection.execute(release())
        assert await laws_broken(records) == {NOT_IN_THE_FUTURE.law, LAST_CHANGE.law}
        assert (await send(desk, ada, bob, "1.00")).transaction.status is Status.COMPLETED
        assert await laws_broken(records) == {NOT_IN_THE_FUTURE.law, CHAIN.law}
