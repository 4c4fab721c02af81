"""The life of a transaction is one table: Python's and the database's say the same of every pair."""

from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.errors import BooksDisagree
from pocketpay.transactions.lifecycle import NEXT, UNFINISHED, Status, require_transition
from pocketpay.transactions.models import STATUSES
from tests.transactions.past import people

INSERT = """
insert into transactions (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee,
    description, risk_reasons, failure_code, expires_at, version, created_at, updated_at, completed_at)
values ($1, 'send', $2, 'USD', $3, $4, 100, 0, 'Lunch', '[]', case when $2 in ('failed', 'blocked') then 'WHY' end,
    now(), 1, now(), now(), case when $2 = 'completed' then now() end)
"""
FOLLOW = """
update transactions set status = $2::text, failure_code = case when $2 in ('failed', 'blocked') then 'WHY' end,
    completed_at = case when $2 = 'completed' then now() end
where id = $1
"""
PAIRS = [(before, after) for before in Status for after in Status if before is not after]


def allowed_here(before: Status, after: Status) -> bool:
    try:
        require_transition(before, after)
    except BooksDisagree:
        return False
    return True


async def allowed_there(owner: "Connection[Record]", id: UUID, after: Status) -> bool:
    try:
        await owner.execute(FOLLOW, id, after.value)
    except asyncpg.CheckViolationError as violation:
        if violation.constraint_name != "transactions_lifecycle":
            raise
        return False
    return True


async def test_python_and_the_database_allow_the_same_transitions(owner: "Connection[Record]") -> None:
    source, destination = await people(owner, "alice", "bob")
    differing = []
    for before, after in PAIRS:
        id = uuids.uuid7()
        await owner.execute(INSERT.replace("$2", "$2::text"), id, before.value, source, destination)
        if await allowed_there(owner, id, after) != allowed_here(before, after):
            differing.append((before, after))
    assert differing == []


def test_every_status_has_its_place_in_the_table_and_in_the_database() -> None:
    assert set(NEXT) == set(Status) == {Status(status) for status in STATUSES}


def test_what_is_final_stays() -> None:
    assert {Status.CREATED, Status.PENDING_CONFIRMATION} == UNFINISHED
    for final in set(Status) - UNFINISHED:
        assert not any(allowed_here(final, after) for after in Status)


@pytest.mark.parametrize("status", Status)
def test_nothing_follows_itself(status: Status) -> None:
    """Said again, a decision is answered from the state reached; it is never written twice."""
    with pytest.raises(BooksDisagree):
        require_transition(status, status)


def test_nothing_leads_back_to_created() -> None:
    assert all(Status.CREATED not in following for following in NEXT.values())
