"""The transitions of a bank account, which Python and the database both check, and how it follows its provider."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.bank_accounts.bank_account import NEXT, BankAccount, Provider, require_transition
from pocketpay.bank_accounts.models import PROVIDERS, STATUSES, USES
from pocketpay.banking.bank import BankUse, LinkState, LinkStatus
from pocketpay.errors import BooksDisagree
from tests.transactions.past import people

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 28, 13, tzinfo=UTC)
PAIRS = [(before, after) for before in LinkStatus for after in LinkStatus if before is not after]

INSERT = """
insert into bank_accounts select $1, $2, id, 'USD', 'stripe', 'deposit', true, false, $3, $4, '', '', 1, now(), now(),
    now() from users where wallet_id = $2
"""

ACCOUNT = BankAccount(
    id=UUID(int=1),
    wallet_id=UUID(int=2),
    user_id=UUID(int=3),
    currency="USD",
    provider=Provider.STRIPE,
    use=BankUse.DEPOSIT,
    uses=(BankUse.DEPOSIT,),
    status=LinkStatus.PENDING,
    created_at=NOW,
    updated_at=NOW,
)
ACTIVE = LinkState(LinkStatus.ACTIVE, "ref_1", "First Bank", "6789", (BankUse.DEPOSIT, BankUse.WITHDRAWAL))


def allowed_in_python(before: LinkStatus, after: LinkStatus) -> bool:
    try:
        require_transition(before, after)
    except BooksDisagree:
        return False
    return True


async def allowed_in_database(owner: "Connection[Record]", id: UUID, after: LinkStatus) -> bool:
    try:
        await owner.execute("update bank_accounts set status = $2 where id = $1", id, after.value)
    except asyncpg.CheckViolationError as violation:
        if violation.constraint_name != "bank_accounts_lifecycle":
            raise
        return False
    return True


async def test_python_and_the_database_allow_the_same_transitions(owner: "Connection[Record]") -> None:
    (wallet,) = await people(owner, "ada")
    differing = []
    for before, after in PAIRS:
        id = uuids.uuid7()
        await owner.execute(INSERT, id, wallet, before.value, str(id))
        if await allowed_in_database(owner, id, after) != allowed_in_python(before, after):
            differing.append((before, after))
    assert differing == []
    assert [after for after in LinkStatus if allowed_in_python(LinkStatus.REMOVED, after)] == [LinkStatus.REMOVED]


def test_the_database_knows_every_status_use_and_provider() -> None:
    assert set(NEXT) == set(LinkStatus) == {LinkStatus(status) for status in STATUSES}
    assert {LinkStatus(status).value for status in STATUSES} == {status.value for status in LinkStatus}
    assert {use.value for use in BankUse} == set(USES)
    assert {provider.value for provider in Provider} == set(PROVIDERS)


def test_it_takes_what_the_provider_says_and_the_same_again_changes_nothing() -> None:
    active = ACCOUNT.after(ACTIVE, LATER)
    assert active is not None
    assert (active.status, active.reference, active.title) == (
        LinkStatus.ACTIVE,
        "ref_1",
        "First Bank ending in 6789",
    )
    assert (set(active.uses), active.version, active.updated_at) == (set(BankUse), 2, LATER)
    assert active.after(ACTIVE, LATER) is None
    assert active.after(replace(ACTIVE, status=LinkStatus.PENDING), LATER) is None


def test_what_the_provider_does_not_say_stays() -> None:
    active = ACCOUNT.after(ACTIVE, LATER)
    assert active is not None
    ended = active.after(LinkState(LinkStatus.REMOVED, ""), LATER)
    assert ended is not None
    assert (ended.status, ended.reference, ended.title) == (LinkStatus.REMOVED, "ref_1", active.title)
    assert ended.uses == active.uses


@pytest.mark.parametrize(
    ("bank_name", "last4", "title"),
    [
        ("  Sparkasse ", "0001", "Sparkasse ending in 0001"),
        ("x" * 80, "0001", f"{'x' * 60} ending in 0001"),
        ("Bank\nof lines", "0001", "bank account ending in 0001"),
        ("", "0001", "bank account ending in 0001"),
        ("First Bank", "", "First Bank"),
        ("First Bank", "１２３４", "First Bank"),
        ("First Bank", "12345", "First Bank"),
        ("", "", "bank account"),
    ],
)
def test_a_name_or_digits_that_do_not_fit_are_left_out(bank_name: str, last4: str, title: str) -> None:
    active = ACCOUNT.after(replace(ACTIVE, bank_name=bank_name, last4=last4), LATER)
    assert active is not None
    assert active.title == title


def test_only_pending_and_active_ones_count() -> None:
    assert [status for status in LinkStatus if replace(ACCOUNT, status=status).open] == [
        LinkStatus.PENDING,
        LinkStatus.ACTIVE,
    ]
