"""The lifecycle of a transaction: Python and the database allow the same transitions."""

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


def allowed_by_python(before: Status, after: Status) -> bool:
    try:
        require_transition(before, after)
    except BooksDisagree:
        return False
    return True


async def allowed_by_the_database(owner: "Connection[Record]", id: UUID, after: Status) -> bool:
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
        if await allowed_by_the_database(owner, id, after) != allowed_by_python(before, after):
            differing.append((before, after))
    assert differing == []


def test_every_status_is_in_the_lifecycle_and_in_the_database() -> None:
    assert set(NEXT) == set(Status) == {Status(status) for status in STATUSES}


def test_a_final_status_has_no_transitions() -> None:
    assert {Status.CREATED, Status.PENDING_CONFIRMATION} == UNFINISHED
    for final in set(Status) - UNFINISHED:
        assert not any(allowed_by_python(final, after) for after in Status)


@pytest.mark.parametrize("status", Status)
def test_no_status_changes_to_itself(status: Status) -> None:
    """A repeated decision returns the state that was reached; it is never written twice."""
    with pytest.raises(BooksDisagree):
        require_transition(status, status)


def test_no_status_changes_back_to_created() -> None:
    assert all(Status.CREATED not in following for following in NEXT.values())
