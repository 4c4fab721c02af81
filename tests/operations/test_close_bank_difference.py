"""An operator closes a difference with the bank: once, with a reason, recorded in the operator log."""

import asyncio
from uuid import UUID

import pytest

from pocketpay.errors import Refusal
from pocketpay.operations.close_bank_difference import close_bank_difference
from pocketpay.operator_log.act import Operator
from pocketpay.operator_log.errors import OwnWallet
from pocketpay.payments.desk import Desk
from pocketpay.reconciliation import listing
from pocketpay.reconciliation.difference import Difference
from pocketpay.transactions.errors import InvalidInput, NotFound
from tests.conftest import Dsns
from tests.operations.bank_files import found, reconcile, today
from tests.operations.operators import OPS
from tests.payments.customers import Records, pay_in, pay_out, person
from tests.people import LosesReplies

ACTS = "select operator, reason, facts ->> 'difference' from operator_actions where action = 'close_difference'"


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """One database for each test: the days of a file cover every deposit of today."""
    return database_dsn


async def opened(desk: Desk) -> Difference:
    await reconcile(desk.database, [today("1.00", "One")])
    (difference,) = await found(desk.database)
    return difference


async def acts(records: Records) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in await records.connection.fetch(ACTS)]


async def test_a_closed_difference_has_its_reason_and_its_action(desk: Desk, records: Records) -> None:
    await person(desk)
    one = await opened(desk)
    assert (await desk.database.query(listing.still_open)).count == 1
    closed, changed = await close_bank_difference(desk.database, OPS, one.id, raw_reason=" The bank's fees ")
    assert (closed.open, closed.closed_by, closed.reason, changed) == (False, "ops", "The bank's fees", True)
    assert await acts(records) == [("ops", "The bank's fees", str(one.id))]
    still_open = await desk.database.query(listing.still_open)
    assert (still_open.count, still_open.oldest, still_open.oldest_seconds) == (0, None, 0)
    assert await found(desk.database) == []
    again = await close_bank_difference(desk.database, OPS, one.id, raw_reason="Another reason")
    assert again == (closed, False)
    assert len(await acts(records)) == 1


async def test_a_difference_is_closed_once_by_two_operators(two_desks: list[Desk], records: Records) -> None:
    await person(two_desks[0])
    one = await opened(two_desks[0])
    both = await asyncio.gather(
        *(close_bank_difference(desk.database, OPS, one.id, raw_reason="Fees") for desk in two_desks)
    )
    assert sorted(changed for _, changed in both) == [False, True]
    assert len(await acts(records)) == 1


async def test_a_close_whose_reply_is_lost_is_not_repeated(
    desk: Desk, losing: LosesReplies, records: Records
) -> None:
    await person(desk)
    one = await opened(desk)
    losing.losses = 1
    closed, changed = await close_bank_difference(losing, OPS, one.id, raw_reason="Fees")
    assert (closed.open, changed, len(await acts(records))) == (False, True, 1)


async def test_without_its_id_or_a_reason_nothing_is_closed(desk: Desk) -> None:
    await person(desk)
    one = await opened(desk)
    refusals: list[tuple[UUID, str, type[Refusal]]] = [
        (UUID(int=7), "Fees", NotFound),
        (one.id, " ", InvalidInput),
    ]
    for id, reason, refusal in refusals:
        with pytest.raises(refusal):
            await close_bank_difference(desk.database, OPS, id, raw_reason=reason)
    assert len(await found(desk.database)) == 1


async def test_an_operator_cannot_close_a_difference_of_their_own_money(desk: Desk) -> None:
    ada = await person(desk)
    await pay_in(desk, ada, "10.00")
    await pay_out(desk, ada, "5.00")
    await reconcile(desk.database, [today("1.00", "One")])
    own = Operator(ada.user_id, ada.username, ada.wallet_id)
    differences = [one for one in await found(desk.database) if one.transaction_id is not None]
    assert len(differences) == 2
    for one in differences:
        with pytest.raises(OwnWallet):
            await close_bank_difference(desk.database, own, one.id, raw_reason="Fees")
        await close_bank_difference(desk.database, OPS, one.id, raw_reason="Fees")
