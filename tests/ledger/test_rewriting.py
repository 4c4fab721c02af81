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
    "truncate of accounts": "truncate ledger_accounts cascade",
    "truncate of transactions": "truncate transactions cascade",
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


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("delete from ledger_accounts where sequence > 0", "fk_wallets_account"),
        ("delete from ledger_accounts where kind = 'bank'", "fk_ledger_entries_account"),
        ("delete from transactions", "fk_ledger_entries_transaction"),
        ("delete from wallets", "fk_transactions_destination_wallet_id_wallets"),
        ("update transactions set currency = 'EUR' where currency = 'USD'", "transactions_immutable"),
        (
            "update ledger_accounts set currency = 'GBP' where kind = 'bank' and currency = 'USD'",
            "fk_ledger_entries_account",
        ),
        ("update wallets set currency = 'GBP'", "wallets_immutable"),
    ],
)
async def test_the_owner_cannot_delete_or_change_rows_that_entries_refer_to(
    scene: Scene, owner: Writer, statement: str, constraint: str
) -> None:
    async with refused(owner, constraint):
        await owner.execute(statement.format(bank=scene.bank.id))
