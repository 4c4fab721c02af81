"""The query plan for a wallet's changed transactions: index scans that read only what is requested."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.transactions.repository import changes
from tests.conftest import Dsns
from tests.plans import INDEXED, Filled, explained, filled_once, rows_read, scans
from tests.transactions.past import NOON, people
from tests.transactions.test_history_plans import FILL

MADE_IN_AN_HOUR = 1_800
"""The payments of the wallet in an hour: one every two seconds. In the seconds between it receives payments."""
SINCE = "uuid[], timestamptz[], uuid[], int"


@pytest.fixture(scope="module", params=["empty", "fresh", "large"])
def filled(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Filled]:
    """A wallet without history, with a history without statistics, or with a long history with statistics."""

    async def fill(owner: "Connection[Record]") -> UUID:
        mine, other = await people(owner, f"p{uuids.uuid7().hex[12:]}", f"p{uuids.uuid7().hex[12:]}")
        if request.param != "empty":
            await owner.execute(FILL, mine, other, NOON, 2_000 if request.param == "fresh" else 20_000)
            await owner.execute("update transactions set updated_at = completed_at")
        if request.param == "large":
            await owner.execute("analyze transactions")
        return mine

    with filled_once(postgres, fill) as made:
        yield made


@pytest.fixture
def database_dsn(filled: Filled) -> Dsns:
    return filled.dsns


@pytest.fixture
def wallet(filled: Filled) -> UUID:
    return filled.wallet


async def test_counting_changes_stops_at_its_limit_in_a_long_history(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    for at in (NOON.replace(year=1970), NOON + timedelta(seconds=1_000)):
        plan = await explained(owner, changes._NEWER, "uuid, timestamptz, int", wallet, at, 101)
        assert {scan["Node Type"] for scan in scans(plan, "transactions")} <= INDEXED
        assert rows_read(scans(plan, "transactions")) <= 2 * 101


async def test_recent_changes_are_read_by_index(owner: "Connection[Record]", wallet: UUID) -> None:
    newest = await owner.fetchval("select coalesce(max(updated_at), $1) from transactions", NOON)
    at = newest - timedelta(seconds=100)
    asked = f"{{{wallet}}}", f'{{"{at}"}}', f"{{{UUID(int=0)}}}", 101
    plan = await explained(owner, changes._SINCE, SINCE, *asked)
    assert {scan["Node Type"] for scan in scans(plan, "transactions")} <= INDEXED
    assert "ix_transactions_changed_late" in {scan["Index Name"] for scan in scans(plan, "transactions")}
    assert rows_read(scans(plan, "transactions")) <= MADE_IN_AN_HOUR + 4 * 101
