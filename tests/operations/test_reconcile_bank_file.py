"""The file of a bank is compared with the house's bank account. After each test the audit finds nothing."""

import asyncio
from uuid import UUID

import pytest

from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.operations import reconcile_bank_file as operations
from pocketpay.operations.reverse_transaction import reverse_transaction
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.settle import Settle
from pocketpay.reconciliation.errors import BankFileUnreadable
from pocketpay.reconciliation.match import DifferenceKind
from pocketpay.settings import SimulatedBank as Manner
from tests.conftest import Dsns
from tests.operations.bank_files import found, reconcile, shown, today
from tests.operations.operators import OPS
from tests.payments.customers import Person, pay_in, pay_out, person
from tests.people import LosesReplies, Owner
from tests.reconciliation.files import csv_of

MONEY = "select md5(string_agg(e::text, ' ' order by id)) from ledger_entries e"
UNKNOWN = UUID(int=7)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """One database for each test: the days of a file cover every deposit of today."""
    return database_dsn


async def ordered(desk: Desk, whose: Person, amount: str) -> UUID:
    """A deposit that the bank has not answered."""
    desk = Desk(desk.database, desk.clearing, desk.resolver, SimulatedBank(Manner.FLAKY, chance=lambda: 0.0))
    return (await pay_in(desk, whose, amount)).transaction.id


async def settle(desk: Desk, whose: Person, id: UUID) -> None:
    await desk.submit(Settle(whose.wallet_id, id, settled=True))


async def test_a_file_that_agrees_with_the_books_has_no_difference(desk: Desk, owner: Owner) -> None:
    ada, emi = await person(desk), await person(desk, funds="7", currency="JPY")
    came = (await pay_in(desk, ada, "100.00")).transaction.id
    went = (await pay_out(desk, ada, "20.50", Speed.INSTANT)).transaction.id
    before = await owner.fetchval(MONEY)
    done = await reconcile(desk.database, [today("100.00", came), today("-20.50", went)])
    assert (done.matched, done.opened, done.closed, done.earlier) == (2, {}, 0, None)
    assert await found(desk.database, None) == []
    assert await owner.fetchval(MONEY) == before
    act = await owner.fetchrow("select operator, action, reason, facts ->> 'lines' as lines from operator_actions")
    assert act is not None
    assert tuple(act) == ("ops", "reconcile", "File bank.csv", "2")
    assert emi.currency == "JPY"  # another account, which is not in the file


async def test_every_kind_of_difference_is_found(desk: Desk) -> None:
    ada = await person(desk)
    right, other, missing = [(await pay_in(desk, ada, "10.00")).transaction.id for _ in range(3)]
    created = await ordered(desk, ada, "3.00")
    returned = (await reverse_transaction(desk, OPS, right, raw_reason="Fraud")).transaction.id
    lines = [
        today("10.00", right),
        today("10.01", other),
        today("-10.00", right),
        today("3.00", created),
        today("5.00", UNKNOWN),
        today("-1.00", "Fees of November"),
    ]
    done = await reconcile(desk.database, lines)
    assert done.matched == 1
    assert done.opened == {
        DifferenceKind.AMOUNT_DIFFERS: 1,
        DifferenceKind.NOT_IN_BOOKS: 3,
        DifferenceKind.NOT_IN_FILE: 2,
        DifferenceKind.REPEATED: 1,
    }
    opened = await found(desk.database)
    assert shown(opened) == {
        ("amount_differs", other, "10.01", "10.00"),
        ("repeated", right, "-10.00", "10.00"),
        ("not_in_books", created, "3.00", ""),
        ("not_in_books", UNKNOWN, "5.00", ""),
        ("not_in_books", None, "-1.00", ""),
        ("not_in_file", missing, "", "10.00"),
        ("not_in_file", returned, "", "-10.00"),
    }
    assert {(one.line, one.reference) for one in opened if one.transaction_id is None} == {(7, "Fees of November")}


async def test_importing_the_same_file_again_changes_nothing(desk: Desk, owner: Owner) -> None:
    await person(desk, funds="10.00")
    lines = [today("1.00", "One")]
    first = await reconcile(desk.database, lines)
    before = await found(desk.database)
    again = await reconcile(desk.database, lines, name="copy.csv")
    assert (first.earlier, again.earlier is None, again.opened) == (None, False, {})
    assert await found(desk.database) == before
    assert len(before) == 2
    assert await owner.fetchval("select count(*) from operator_actions") == 1


async def test_the_same_file_is_imported_once_by_concurrent_imports(two_desks: list[Desk], owner: Owner) -> None:
    await person(two_desks[0], funds="10.00")
    lines = [today("1.00", "One")]
    both = await asyncio.gather(*(reconcile(desk.database, lines) for desk in two_desks))
    assert sorted(one.earlier is None for one in both) == [False, True]
    assert await owner.fetchval("select count(*) from bank_differences") == 2


async def test_an_import_whose_reply_is_lost_is_not_repeated(desk: Desk, losing: LosesReplies, owner: Owner) -> None:
    await person(desk, funds="10.00")
    losing.losses = 1
    done = await reconcile(losing, [today("1.00", "One")])
    assert (done.earlier, sum(done.opened.values())) == (None, 2)
    assert await owner.fetchval("select count(*) from bank_files") == 1


async def test_a_later_file_explains_a_missing_line(desk: Desk) -> None:
    ada = await person(desk)
    late, wrong = [(await pay_in(desk, ada, "10.00")).transaction.id for _ in range(2)]
    await reconcile(desk.database, [today("1.00", "One")])
    assert {one.transaction_id for one in await found(desk.database)} == {late, wrong, None}
    done = await reconcile(desk.database, [today("10.00", late), today("9.00", wrong)], name="second.csv")
    assert (done.matched, done.opened, done.closed) == (1, {DifferenceKind.AMOUNT_DIFFERS: 1}, 2)
    closed = await found(desk.database, is_open=False)
    assert {(one.transaction_id, one.closed_by, one.reason) for one in closed} == {
        (late, "ops", "File second.csv"),
        (wrong, "ops", "File second.csv"),
    }
    assert shown(await found(desk.database)) == {
        ("not_in_books", None, "1.00", ""),
        ("amount_differs", wrong, "9.00", "10.00"),
    }
    again = await reconcile(desk.database, [today("10.00", late)], name="third.csv")
    assert again.opened == {DifferenceKind.REPEATED: 1}


async def test_a_line_is_explained_when_its_transaction_is_settled_later(desk: Desk) -> None:
    ada = await person(desk)
    same, other = await ordered(desk, ada, "3.00"), await ordered(desk, ada, "4.00")
    await reconcile(desk.database, [today("3.00", same), today("5.00", other), today("3.00", same)])
    await settle(desk, ada, same)
    await settle(desk, ada, other)
    done = await reconcile(desk.database, [today("1.00", "One")])
    assert (done.opened, done.closed) == ({DifferenceKind.NOT_IN_BOOKS: 1}, 1)
    assert {(one.line, one.transaction_id) for one in await found(desk.database)} == {
        (2, None),
        (3, other),
        (4, same),  # the second line of the same transaction
    }


async def test_opening_balances_of_imported_people_are_not_expected_in_a_file(desk: Desk, owner: Owner) -> None:
    ada = await person(desk)
    opening = (await pay_in(desk, ada, "10.00")).transaction.id
    await owner.execute(
        "insert into imported_users values (gen_random_uuid(), $1, $2, 1000, now())", ada.user_id, opening
    )
    done = await reconcile(desk.database, [today("1.00", "One")])
    assert done.opened == {DifferenceKind.NOT_IN_BOOKS: 1}
    await owner.execute("alter table imported_users disable trigger imported_users_immutable")
    await owner.execute("delete from imported_users")
    await owner.execute("alter table imported_users enable always trigger imported_users_immutable")


async def test_a_refused_file_changes_nothing(desk: Desk, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    await person(desk, funds="10.00")
    for data, sentence in (
        (csv_of([today("1.00", "One"), today("1.001", "Two")]), "Line 3: the amount"),
        (csv_of([today("1.00", "One", "SEK")]), "There is no wallet in SEK"),
    ):
        with pytest.raises(BankFileUnreadable, match=sentence):
            await reconcile(desk.database, data)
    monkeypatch.setattr(operations, "MAX_DIFFERENCES", 1)
    with pytest.raises(BankFileUnreadable, match="There are more than 1 differences"):
        await reconcile(desk.database, [today("1.00", "One")])
    assert await owner.fetchval("select count(*) from bank_files") == 0
    assert await owner.fetchval("select count(*) from operator_actions") == 0
