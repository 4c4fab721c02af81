"""Impossible accounts, keys and transactions: every login is refused."""

import pytest
import uuid_utils.compat as uuids

from tests.ledger.attempts import OVERSPENT, Writer, refused
from tests.ledger.books import INTEND, AccountRow, Scene, lines


@pytest.mark.parametrize(
    ("account", "constraint"),
    [
        (AccountRow(uuids.uuid7(), "bank", "JPY", posted=1), "ck_ledger_accounts_house_carries_no_balance"),
        (AccountRow(uuids.uuid7(), "bank", "JPY", posted=-1), "ck_ledger_accounts_house_carries_no_balance"),
        (AccountRow(uuids.uuid7(), "fees", "JPY", held=1), "ck_ledger_accounts_house_carries_no_balance"),
        (
            AccountRow(uuids.uuid7(), "fees", "JPY", sequence=1, version=1),
            "ck_ledger_accounts_house_carries_no_balance",
        ),
        (AccountRow(uuids.uuid7(), "bank"), "uq_ledger_accounts_kind_currency_house"),
        (AccountRow(uuids.uuid7(), "suspense"), "ck_ledger_accounts_kind_known"),
        (AccountRow(uuids.uuid7(), posted=-1), OVERSPENT),
        (AccountRow(uuids.uuid7(), posted=1, held=2), OVERSPENT),
        (AccountRow(uuids.uuid7(), posted=1, held=-1), "ck_ledger_accounts_held_not_negative"),
        (
            AccountRow(uuids.uuid7(), sequence=-1, version=1),
            "ck_ledger_accounts_version_counts_every_change",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.kind} {value.posted} {value.held}",
)
async def test_an_impossible_account_is_refused(
    scene: Scene, writer: Writer, account: AccountRow, constraint: str
) -> None:
    async with refused(writer, constraint):
        await writer.execute(
            "insert into ledger_accounts select * from jsonb_populate_recordset(null::ledger_accounts, $1)",
            lines([account]),
        )


async def test_a_house_account_cannot_have_a_balance(scene: Scene, writer: Writer) -> None:
    async with refused(writer, "ck_ledger_accounts_house_carries_no_balance"):
        await writer.execute("update ledger_accounts set posted = 100 where id = $1", scene.bank.id)


async def test_a_wallet_with_the_id_of_a_house_account_is_refused(scene: Scene, ordinary: Writer) -> None:
    for kind, constraint in (("wallet", "fk_wallets_account"), ("bank", "ck_wallets_account_is_a_wallets")):
        async with refused(ordinary, constraint):
            await ordinary.execute(
                "insert into wallets values ($1, $2, 'USD', 'active', null, null, now(), now())", scene.bank.id, kind
            )


async def test_a_key_cannot_be_stored_twice_for_a_wallet(scene: Scene, writer: Writer) -> None:
    key = "insert into idempotency_keys values ($1, $2, 'transfer', $3, '{}', now())"
    async with refused(writer, "pk_idempotency_keys"):
        await writer.execute(key, scene.alice.id, "lunch-today", b"x" * 32)
        await writer.execute(key, scene.alice.id, "lunch-today", b"y" * 32)
    async with refused(writer, "ck_idempotency_keys_fingerprint_is_sha256"):
        await writer.execute(key, scene.alice.id, "lunch-today", b"x" * 31)
    for text in ("short", "x" * 256):
        async with refused(writer, "ck_idempotency_keys_key_length"):
            await writer.execute(key, scene.alice.id, text, b"x" * 32)


async def test_a_final_transaction_cannot_change_even_with_triggers_disabled(scene: Scene, mighty: Writer) -> None:
    async with refused(mighty, "transactions_lifecycle"):
        await mighty.execute("update transactions set status = 'cancelled', completed_at = null")
    again = lines([scene.deposit.transaction])
    async with refused(mighty, "transactions_lifecycle"):
        await mighty.execute(
            INTEND + " on conflict (id) do update set status = 'cancelled', completed_at = null", again
        )
