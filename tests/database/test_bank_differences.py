"""A difference with the bank changes once, from open to closed, for the owner of the tables too."""

import asyncpg
import pytest
from asyncpg import Connection, Record

COLUMNS = """
select attname from pg_attribute
where attrelid = 'bank_differences'::regclass and attnum > 0 and not attisdropped order by attnum
"""
OTHER = {
    "id": "gen_random_uuid()",
    "file_id": "gen_random_uuid()",
    "line": "7",
    "kind": "'repeated'",
    "transaction_id": "gen_random_uuid()",
    "currency": "'EUR'",
    "bank_amount": "7",
    "books_amount": "7",
    "opened_at": "opened_at + interval '1 second'",
}
"""Another value for every column that describes the difference."""

ROWS = """
insert into operator_actions (id, operator, action, reason, facts, created_at)
values ('00000000-0000-7000-8000-000000000001', 'ops', 'reconcile', 'File', '{}', now());
insert into bank_files
select id, sha256('one'), 'one', 'USD', current_date, current_date, 1, 100, id, now() from operator_actions;
insert into bank_lines select id, 2, current_date, 100, null, null from bank_files;
insert into bank_differences
select id, id, 2, 'not_in_books', null, 'USD', 100, null, now(), null, null from bank_files;
"""
CLOSE = "update bank_differences set closed_at = now(), act_id = id"


async def _refused(owner: "Connection[Record]", statement: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        async with owner.transaction():
            await owner.execute(statement)
    assert refused.value.constraint_name == "bank_differences_closed_once", statement


@pytest.mark.parametrize("role", ["origin", "replica"])
async def test_only_closing_changes_a_difference(owner: "Connection[Record]", role: str) -> None:
    await owner.execute(ROWS)
    await owner.execute(f"set session_replication_role = {role}")
    columns = [row["attname"] for row in await owner.fetch(COLUMNS)]
    assert columns == [*OTHER, "closed_at", "act_id"]
    for column, value in OTHER.items():
        await _refused(owner, f"{CLOSE}, {column} = {value}")
    await _refused(owner, "update bank_differences set act_id = id")
    await owner.execute(CLOSE)
    for change in ("closed_at = null, act_id = null", "closed_at = now()", "act_id = gen_random_uuid()"):
        await _refused(owner, f"update bank_differences set {change}")
