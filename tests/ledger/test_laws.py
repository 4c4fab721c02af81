"""The ledger's rules, tested with plain SQL: a payment with one error at a time, and the constraint that refuses
it. References to rows that do not exist are in test_references."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import uuid_utils.compat as uuids

from tests.ledger.attempts import CHAIN, OVERSPENT, SUM, Writer, honest, refused
from tests.ledger.books import AccountRow, EntryRow, Movement, Scene, carry_out, intend

Twist = Callable[[Scene, Movement], Movement]


def _entry_of(account: AccountRow, movement: Movement, amount: int, currency: str) -> EntryRow:
    return EntryRow(
        account.id,
        movement.transaction.id,
        amount,
        sequence=account.sequence + 1,
        balance_after=account.posted + amount,
        currency=currency,
    )


TWISTS: dict[str, tuple[Twist, str]] = {
    "a sequence that skips numbers": (
        lambda _, m: m.with_entry(0, sequence=9).with_account(0, sequence=9, version=9),
        CHAIN,
    ),
    "a gap in the sequence": (
        lambda _, m: m.with_entry(1, sequence=3).with_account(1, sequence=3, version=3),
        CHAIN,
    ),
    "a sequence that begins at zero": (
        lambda _, m: m.with_entry(1, sequence=0).with_account(1, sequence=0, version=0),
        CHAIN,
    ),
    "a negative sequence": (lambda _, m: m.with_entry(1, sequence=-1), CHAIN),
    "the sequence of the previous entry": (
        lambda _, m: m.with_entry(0, sequence=1).with_account(0, sequence=1),
        "uq_ledger_entries_account_sequence",
    ),
    "a balance unrelated to the previous one": (
        lambda _, m: m.with_entry(1, balance_after=9_999).with_account(1, posted=9_999),
        CHAIN,
    ),
    "a balance off by one": (lambda _, m: m.with_entry(1, balance_after=601).with_account(1, posted=601), CHAIN),
    "a balance below zero": (
        lambda _, m: m.with_entry(0, balance_after=-1),
        "ck_ledger_entries_balance_not_negative",
    ),
    "an account that does not change with its entry": (lambda s, m: replace(m, accounts=(m.accounts[1],)), CHAIN),
    "an account with more than its newest entry": (lambda _, m: m.with_account(1, posted=601), CHAIN),
    "an account with less than its newest entry": (lambda _, m: m.with_account(1, posted=599), CHAIN),
    "an account ahead of its newest entry": (lambda _, m: m.with_account(1, sequence=3, version=3), CHAIN),
    "only one entry": (lambda _, m: replace(m, entries=m.entries[1:], accounts=m.accounts[1:]), SUM),
    "entries that create money": (
        lambda _, m: m.with_entry(1, amount=101, balance_after=601).with_account(1, posted=601),
        SUM,
    ),
    "entries that lose money": (
        lambda _, m: m.with_entry(1, amount=99, balance_after=599).with_account(1, posted=599),
        SUM,
    ),
    "an entry in another currency": (
        lambda s, m: replace(
            m,
            entries=(m.entries[0], _entry_of(s.emil, m, 100, currency="EUR")),
            accounts=(m.accounts[0], replace(s.emil, posted=800, sequence=2, version=2)),
        ),
        SUM,
    ),
    "an entry of zero": (lambda _, m: m.with_entry(1, amount=0), "ck_ledger_entries_amount_not_zero"),
    "two entries on one account": (
        lambda s, m: replace(m, entries=(m.entries[0], replace(m.entries[0], amount=100, sequence=3, id=s.bob.id))),
        "uq_ledger_entries_transaction_account",
    ),
    "a wallet's entry outside its chain": (
        lambda _, m: m.with_entry(1, sequence=None, balance_after=None),
        "ck_ledger_entries_wallets_are_chained",
    ),
    "a wallet's entry without its balance": (
        lambda _, m: m.with_entry(1, balance_after=None),
        "ck_ledger_entries_wallets_are_chained",
    ),
    "a house account's entry in a chain": (
        lambda _, m: m.with_entry(1, kind="bank"),
        "ck_ledger_entries_wallets_are_chained",
    ),
    "an account overdrawn": (
        lambda _, m: m.with_account(0, posted=-1),
        OVERSPENT,
    ),
    "held money spent": (lambda _, m: m.with_account(0, held=901), OVERSPENT),
    "a negative hold": (lambda _, m: m.with_account(0, held=-1), "ck_ledger_accounts_held_not_negative"),
    "a version older than its sequence": (
        lambda _, m: m.with_account(0, version=1),
        "ck_ledger_accounts_version_counts_every_change",
    ),
    "a transaction of zero": (lambda _, m: m.with_transaction(amount=0), "ck_transactions_amount_in_range"),
    "a transaction with a negative amount": (
        lambda _, m: m.with_transaction(amount=-1),
        "ck_transactions_amount_in_range",
    ),
    "a transaction above the largest amount": (
        lambda _, m: m.with_transaction(amount=10_000_000_000_001),
        "ck_transactions_amount_in_range",
    ),
    "a negative fee": (lambda _, m: m.with_transaction(fee=-1), "ck_transactions_fee_in_range"),
    "a fee above the largest amount": (
        lambda _, m: m.with_transaction(fee=10_000_000_000_001),
        "ck_transactions_fee_in_range",
    ),
    "completed without a time": (
        lambda _, m: m.with_transaction(completed_at=None),
        "ck_transactions_completed_has_its_time",
    ),
    "a time of completion without completion": (
        lambda _, m: m.with_transaction(status="cancelled"),
        "ck_transactions_completed_has_its_time",
    ),
    "failed without a failure code": (
        lambda _, m: m.with_transaction(status="failed", completed_at=None),
        "ck_transactions_failure_has_a_code",
    ),
    "completed with a failure code": (
        lambda _, m: m.with_transaction(failure_code="RISK_BLOCKED"),
        "ck_transactions_failure_has_a_code",
    ),
    "pending without an expiry": (
        lambda _, m: m.with_transaction(status="pending_confirmation", completed_at=None),
        "ck_transactions_pending_expires",
    ),
    "an unknown status": (
        lambda _, m: m.with_transaction(status="done", completed_at=None),
        "ck_transactions_status_known",
    ),
    "a payment to oneself": (
        lambda s, m: m.with_transaction(destination_wallet_id=s.alice.id),
        "ck_transactions_not_to_oneself",
    ),
    "a payment without a source": (
        lambda _, m: m.with_transaction(source_wallet_id=None),
        "ck_transactions_type_says_whose_wallets",
    ),
    "a deposit with a source wallet": (
        lambda _, m: m.with_transaction(type="deposit"),
        "ck_transactions_type_says_whose_wallets",
    ),
    "a version of zero": (lambda _, m: m.with_transaction(version=0), "ck_transactions_version_positive"),
}


@pytest.mark.parametrize("twist", TWISTS)
async def test_a_payment_with_one_error_is_refused(scene: Scene, writer: Writer, twist: str) -> None:
    bend, constraint = TWISTS[twist]
    async with refused(writer, constraint):
        await carry_out(writer, bend(scene, honest(scene)))


async def test_an_unknown_transaction_type_is_refused(scene: Scene, writer: Writer) -> None:
    gift = replace(scene.deposit.transaction, id=uuids.uuid7(), type="gift")
    async with refused(writer, "ck_transactions_type_known"):
        await intend(writer, gift)
