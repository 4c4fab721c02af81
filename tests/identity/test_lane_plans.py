"""The lane's statements read only rows of one login and one provider, by index, however many rows there are."""

import pytest

from pocketpay.database.sessions import Database
from pocketpay.identity.repository import known_addresses, lanes
from tests.people import Owner, arrive, receiving
from tests.plans import INDEXED, explained, rows_read, scans

FILL = """
insert into sign_in_turns (lane, provider, network, address, calendar, begins_at, ends_at, expires_at)
select sha256((n / 500)::text::bytea), sha256((n % 50)::text::bytea), sha256(n::text::bytea), sha256(n::text::bytea),
       'first', now(), now(), now() + n * interval '1 minute'
from generate_series(1, 20000) n
"""
LANE, PROVIDER = "encode(sha256('1'::text::bytea), 'hex')", "encode(sha256('7'::text::bytea), 'hex')"


@pytest.mark.parametrize(
    ("statement", "types", "most_rows"),
    [
        (lanes._WAITS, "bytea, bytea, bytea, bytea, interval", 1),
        (lanes._LOOK, "bytea, bytea, bytea, bytea, interval", 40),
        (lanes._FREE_TURN, "bytea, bytea, bytea, bytea, uuid", 1),
    ],
)
async def test_a_statement_reads_only_one_logins_turns_of_one_provider(
    owner: Owner, statement: str, types: str, most_rows: int
) -> None:
    await owner.execute(FILL)
    await owner.execute("analyze sign_in_turns")
    lane = "\\x" + await owner.fetchval(f"select {LANE}")
    provider = "\\x" + await owner.fetchval(f"select {PROVIDER}")
    last = "1 day" if types.endswith("interval") else "00000000-0000-0000-0000-000000000000"
    plan = await explained(owner, statement, types, lane, provider, provider, provider, last)
    steps = scans(plan, "sign_in_turns")
    assert {step["Node Type"] for step in steps} <= {*INDEXED, "Bitmap Heap Scan", "ModifyTable"}
    assert rows_read(steps) <= most_rows


async def test_the_sweep_reads_only_the_rows_it_deletes(owner: Owner) -> None:
    await owner.execute(FILL)
    await owner.execute("update sign_in_turns set expires_at = expires_at - interval '1 hour'")
    await owner.execute("vacuum analyze sign_in_turns")
    plan = await explained(owner, lanes._SWEEPS[1], "bigint", 10)
    steps = scans(plan, "sign_in_turns")
    assert {step["Node Type"] for step in steps} <= {*INDEXED, "Tid Scan", "ModifyTable"}
    assert rows_read(step for step in steps if step["Node Type"] != "ModifyTable") == 20


async def test_a_known_address_is_found_by_its_primary_key(owner: Owner, database: Database) -> None:
    async with receiving(database) as services:
        ada = await arrive(services)
    await owner.execute(
        "insert into known_addresses select $1, sha256(n::text::bytea), now(), now() from generate_series(1, 5000) n",
        ada.user.id,
    )
    await owner.execute("analyze known_addresses")
    plan = await explained(owner, known_addresses._IS_KNOWN, "uuid, bytea, text", ada.user.id, "\\x00", "known:x")
    steps = scans(plan, "known_addresses")
    assert {step["Node Type"] for step in steps} <= INDEXED
    assert rows_read(steps) <= 1
