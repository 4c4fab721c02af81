"""Live updates: a change that any server commits reaches the wallets that may see it, and no others."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
import pytest

from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.repository import changes
from pocketpay.transactions.transaction import Transaction
from pocketpay.updates.changes import START
from pocketpay.updates.changes import Watch as ChangesWatch
from pocketpay.updates.feed import Watch
from pocketpay.wallets.balance import Balance
from tests.api.one_server import OneServer, serving
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import Records
from tests.transactions.past import people
from tests.updates.waiting import soon, until

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

KILL_LISTENERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = 'pocketpay listener' and datname = current_database()"""


@pytest.fixture(scope="module")
def warm() -> None:
    """Keeps no connections: these tests wait until the backend of a listener has ended."""


@pytest.fixture
async def alice_and_bob(owner: Owner) -> tuple[UUID, UUID]:
    alice, bob = await people(owner, "alice", "bob")
    return alice, bob


async def next_status(watch: ChangesWatch[Transaction], id: UUID) -> Status:
    """The status in the next event of a transaction. Events of changes made just before the watch may come first."""
    while True:
        transaction = await soon(watch.next())
        if transaction.id == id:
            return transaction.status


async def next_events(watch: ChangesWatch[Transaction], count: int) -> list[tuple[UUID, Status]]:
    seen = [await soon(watch.next()) for _ in range(count)]
    return [(transaction.id, transaction.status) for transaction in seen]


async def test_a_payment_updates_both_balances_watched_on_different_servers(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID]
) -> None:
    alice, bob = alice_and_bob
    async with serving(database_dsn.server) as here, serving(database_dsn.server) as there:
        await here.deposit(alice, "50.00")
        with here.feeds.balances.watch(alice) as hers, there.feeds.balances.watch(bob) as his:
            assert str(_balance(await hers.first()).available) == "50.00"
            assert str(_balance(await his.first()).available) == "0.00"
            await there.send(alice, "bob", "12.50")
            assert str((await soon(hers.next())).available) == "37.50"
            assert str((await soon(his.next())).available) == "12.50"


async def test_no_balance_change_is_lost_whenever_the_subscription_begins(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID]
) -> None:
    """Watches begin at different times during many deposits. Each sees growing versions up to the last."""
    alice, _ = alice_and_bob
    deposits = 60

    async def follow(server: OneServer, begin: float) -> list[int]:
        await asyncio.sleep(begin)
        with server.feeds.balances.watch(alice) as watch:
            seen = [_balance(await watch.first()).version]
            while seen[-1] < deposits:
                seen.append((await soon(watch.next())).version)
            return seen

    async with serving(database_dsn.server) as here, serving(database_dsn.server) as there:
        async with asyncio.TaskGroup() as group:
            followers = [
                group.create_task(follow(server, begin / 200)) for begin in range(40) for server in (here, there)
            ]
            for number in range(deposits):
                await (here, there)[number % 2].deposit(alice, "1.00")
        for follower in followers:
            seen = follower.result()
            assert seen == sorted(set(seen))
            assert seen[-1] == deposits


async def test_one_read_serves_many_subscribers(database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID]) -> None:
    alice, _ = alice_and_bob
    async with serving(database_dsn.server) as server:
        reads = _counted(server)
        watches = [server.feeds.balances.watch(alice) for _ in range(100)]
        entered = [watch.__enter__() for watch in watches]
        for watch in entered:
            await watch.first()
        assert reads == [1]
        await server.deposit(alice, "1.00")
        for watch in entered:
            await soon(watch.next())
        assert reads == [1, 1]
        for context in watches:
            context.__exit__(None, None, None)


async def test_only_the_sender_sees_pending_payments_and_only_while_they_are_pending(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID]
) -> None:
    alice, bob = alice_and_bob
    async with serving(database_dsn.server, confirm_all=True) as server:
        await server.deposit(alice, "50.00")
        first = await server.send(alice, "bob", "1.00")
        assert first.status is Status.PENDING_CONFIRMATION
        with server.feeds.awaiting.watch(alice) as hers, server.feeds.awaiting.watch(bob) as his:
            assert await _ids(hers) == [first.id]
            assert await his.first() == ()
            second = await server.send(alice, "bob", "2.00")
            assert [one.id for one in await soon(hers.next())] == [first.id, second.id]
            await server.confirm(alice, first.id)
            assert [one.id for one in await soon(hers.next())] == [second.id]
            await server.cancel(alice, second.id)
            assert await soon(hers.next()) == ()


async def test_the_sender_gets_every_change_and_the_recipient_only_completed_payments(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID]
) -> None:
    alice, bob = alice_and_bob
    async with serving(database_dsn.server, confirm_all=True) as server:
        await server.deposit(alice, "50.00")
        with server.feeds.changes.watch(alice) as hers, server.feeds.changes.watch(bob) as his:
            cancelled = await server.send(alice, "bob", "1.00")
            assert await next_status(hers, cancelled.id) is Status.PENDING_CONFIRMATION
            await server.cancel(alice, cancelled.id)
            assert await next_status(hers, cancelled.id) is Status.CANCELLED
            confirmed = await server.send(alice, "bob", "2.00")
            await server.confirm(alice, confirmed.id)
            assert await next_events(his, 1) == [(confirmed.id, Status.COMPLETED)]
            while await next_status(hers, confirmed.id) is not Status.COMPLETED:
                pass


async def test_changes_made_while_the_listener_was_down_arrive_after_it_restarts(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID], owner: Owner
) -> None:
    alice, bob = alice_and_bob
    async with serving(database_dsn.server) as here, serving(database_dsn.server) as other:
        await other.deposit(alice, "50.00")
        with (
            here.feeds.balances.watch(bob) as balance,
            here.feeds.changes.watch(bob) as changes_of_bob,
            here.feeds.awaiting.watch(alice) as awaiting,
        ):
            await balance.first()
            await awaiting.first()
            await _stop_listener(here, owner)
            sent = [await other.send(alice, "bob", "1.00") for _ in range(3)]
            assert changes_of_bob.drained
            await here.listener.start()
            assert (await soon(balance.next())).posted_minor == 300
            assert await next_events(changes_of_bob, 3) == [(one.id, Status.COMPLETED) for one in sent]
            following = await other.send(alice, "bob", "1.00")
            assert await next_events(changes_of_bob, 1) == [(following.id, Status.COMPLETED)]


async def test_killing_the_listener_under_load_loses_no_change(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID], owner: Owner
) -> None:
    alice, bob = alice_and_bob
    async with serving(database_dsn.server) as server:
        await server.deposit(alice, "100.00")
        with server.feeds.changes.watch(bob) as watch, server.feeds.balances.watch(bob) as balance:
            sent = []
            for number in range(60):
                sent.append((await server.send(alice, "bob", "1.00")).id)
                if number % 15 == 7:
                    await owner.fetch(KILL_LISTENERS)
            seen: set[UUID] = set()
            while len(seen) < len(sent):
                seen.add((await soon(watch.next())).id)
            assert seen == set(sent)
            posted = _balance(await balance.first()).posted_minor
            while posted < 6_000:
                posted = (await soon(balance.next())).posted_minor


async def test_a_notification_for_all_makes_the_server_read_everything_again(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID], owner: Owner
) -> None:
    """A manual change in the database notifies no server; the notification `all` makes every server read again."""
    alice, _ = alice_and_bob
    async with serving(database_dsn.server) as server:
        with server.feeds.balances.watch(alice) as watch:
            await watch.first()
            await owner.execute("update ledger_accounts set held = held, version = version + 1 where id = $1", alice)
            await owner.execute("notify pocketpay, 'all'")
            assert (await soon(watch.next())).version == 1


async def test_changes_since_a_time_are_ordered_and_limited_to_what_the_wallet_may_see(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID]
) -> None:
    alice, bob = alice_and_bob
    began = datetime.now(UTC) - timedelta(minutes=1)
    async with serving(database_dsn.server, confirm_all=True) as server:
        deposit = await server.deposit(alice, "50.00")
        confirmed = await server.send(alice, "bob", "1.00")
        pending = await server.send(alice, "bob", "2.00")
        confirmed = await server.confirm(alice, confirmed.id)
        async with server.database.read() as session:
            place = began, START
            seen = await changes.since(
                session,
                [(alice, place), (bob, place), (alice, (confirmed.updated_at, confirmed.id))],
                limit=10,
            )
            few = await changes.since(session, [(alice, place)], limit=2)
    assert [[one.id for one in page] for page in seen] == [
        [deposit.id, pending.id, confirmed.id],
        [confirmed.id],
        [],
    ]
    assert [one.id for one in few[0]] == [deposit.id, pending.id]


async def test_changes_since_a_time_include_a_refunded_original_for_both_sides(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID], owner: Owner
) -> None:
    alice, bob = alice_and_bob
    async with serving(database_dsn.server) as server:
        await server.deposit(alice, "50.00")
        old = await server.send(alice, "bob", "5.00")
        other = await server.send(alice, "bob", "6.00")
        move = "update transactions set created_at = $2, completed_at = $2, updated_at = $2 where id = $1"
        await Records(owner, database_dsn.server).make_older(
            old.id, timedelta(days=9)
        )  # and its use of the limit with it
        await owner.execute(move, old.id, old.created_at - timedelta(days=9))
        began = (other.updated_at, other.id)
        partly = await server.refund(bob, old.id, "1.00")
        again = await server.refund(bob, old.id, "2.00")
        once = await server.refund(bob, other.id, None)
        async with server.database.read() as session:
            seen = await changes.since(session, [(alice, began), (bob, began)], limit=10)
            place = began
            paged = []
            while page := (await changes.since(session, [(alice, place)], limit=2))[0]:
                paged += page
                place = page[-1].updated_at, page[-1].id
    for delivered in (*seen, paged):
        assert {one.id for one in delivered} == {old.id, other.id, partly.id, again.id, once.id}
        assert len(delivered) == 5
        assert sorted((one.version, one.refunded) for one in delivered if one.refund_of is None) == [
            (2, 600),
            (3, 300),
        ]


async def test_changes_since_a_time_include_a_payment_created_long_before(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID], owner: Owner
) -> None:
    alice, bob = alice_and_bob
    async with serving(database_dsn.server, confirm_all=True) as server:
        await server.deposit(alice, "50.00")
        old, older = [await server.send(alice, "bob", amount) for amount in ("5.00", "6.00")]
        for payment in (old, older):
            await Records(owner, database_dsn.server).make_older(payment.id, timedelta(days=9))
        began = older.updated_at, older.id
        await server.cancel(alice, old.id)
        await server.confirm(alice, older.id)
        async with server.database.read() as session:
            seen = await changes.since(session, [(alice, began), (bob, began)], limit=10)
            _, many = await changes.count_since(session, alice, began, 10)
    assert [[(one.id, one.status) for one in page] for page in seen] == [
        [(old.id, Status.CANCELLED), (older.id, Status.COMPLETED)],
        [(older.id, Status.COMPLETED)],
    ]
    assert many == 2


async def test_paging_by_one_change_does_not_skip_a_payment_before_a_refund(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID]
) -> None:
    alice, bob = alice_and_bob
    began = datetime.now(UTC) - timedelta(minutes=1)
    async with serving(database_dsn.server) as server:
        await server.deposit(alice, "50.00")
        first, second = [await server.send(alice, "bob", "5.00") for _ in range(2)]
        back = await server.refund(bob, first.id, None)
        place, paged = (began, START), []
        async with server.database.read() as session:
            while page := (await changes.since(session, [(bob, place)], limit=1))[0]:
                paged += page
                place = page[-1].updated_at, page[-1].id
    assert [one.id for one in paged] == [second.id, *sorted((first.id, back.id))]


async def test_a_refund_is_delivered_live_together_with_its_original(
    database_dsn: Dsns, alice_and_bob: tuple[UUID, UUID]
) -> None:
    alice, bob = alice_and_bob
    async with serving(database_dsn.server) as server:
        await server.deposit(alice, "50.00")
        paid = await server.send(alice, "bob", "5.00")
        with server.feeds.changes.watch(alice) as hers, server.feeds.changes.watch(bob) as his:
            back = await server.refund(bob, paid.id, "1.00")
            for watch in (hers, his):
                wanted, delivered = {(paid.id, 2, 100), (back.id, 1, 0)}, set[tuple[UUID, int, int]]()
                while not wanted <= delivered:
                    one = await soon(watch.next())
                    delivered.add((one.id, one.version, one.refunded))
                # The event of the payment itself may arrive after the watch began.
                assert delivered - wanted <= {(paid.id, 1, 0)}
        with server.feeds.transactions.watch(paid.id) as of_it:
            await of_it.first()
            await server.refund(bob, paid.id, None)
            assert (await soon(of_it.next())).refunded == 500


def _balance(state: Balance | None) -> Balance:
    assert state is not None
    return state


async def _ids(watch: Watch[tuple[Transaction, ...]]) -> list[UUID]:
    first = await watch.first()
    assert first is not None
    return [transaction.id for transaction in first]


def _counted(server: OneServer) -> list[int]:
    """A list that gets an item for each read of balances: the number of wallets read."""
    reads: list[int] = []
    read = server.feeds.balances._read

    async def counting(ids: list[UUID]) -> dict[UUID, Balance]:
        reads.append(len(ids))
        return dict(await read(ids))

    server.feeds.balances._read = counting  # type: ignore[assignment]
    return reads


async def _stop_listener(server: OneServer, owner: Owner) -> None:
    """Stops the listener of a server, which then gets no notifications until it is started again."""
    await server.listener.close()
    listeners = "select count(*) from pg_stat_activity where application_name = 'pocketpay listener'"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await owner.fetchval(f"{listeners} and datname = current_database()") > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # PostgreSQL has not noticed yet
    await until(lambda: server.feeds.changes._dirty == {})
