"""Law 3: written entries never change, for any login."""

import asyncpg
import pytest

from tests.ledger.attempts import APPEND_ONLY, Writer, refused
from tests.ledger.books import EVERYTHING, Scene

REWRITINGS = {
    "update": "update ledger_entries set amount = amount + 1",
    "update of a description": "update ledger_entries set description = 'never mind'",
    "delete": "delete from ledger_entries",
    "truncate": "truncate ledger_entries",
    "conflict": ("insert into ledger_entries select * from ledger_entries on conflict (id) do update set amount = 1"),
    "merge that updates": (
        "merge into ledger_entries e using ledger_accounts a on e.account_id = a.id "
        "when matched then update set amount = 1"
    ),
    "merge that deletes": (
        "merge into ledger_entries e using ledger_accounts a on e.account_id = a.id when matched then delete"
    ),
}


@pytest.mark.parametrize("way", REWRITINGS)
async def test_the_owner_cannot_change_an_entry(scene: Scene, mighty: Writer, way: str) -> None:
    async with refused(mighty, APPEND_ONLY):
        await mighty.execute(REWRITINGS[way])


@pytest.mark.parametrize("way", REWRITINGS)
async def test_the_server_has_no_right_to_change_an_entry(scene: Scene, server: Writer, way: str) -> None:
    before = await server.fetchval(EVERYTHING)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await server.execute(REWRITINGS[way])
    assert await server.fetchval(EVERYTHING) == before
