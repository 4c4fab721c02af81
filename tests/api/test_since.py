"""The argument `since`: a subscription starts with past changes. None is lost, and their number is limited."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from pocketpay.api import ids, since
from pocketpay.api.scalars import moment_text
from pocketpay.identity.services import Admission
from pocketpay.payments.decline_request import decline_request
from pocketpay.payments.desk import Desk
from pocketpay.payments.request_money import request_money
from pocketpay.updates.changes import Place
from tests.conftest import Dsns
from tests.payments.customers import new_key
from tests.serving.live_server import LiveServer, live
from tests.serving.socket_client import SocketClient, Subscription, socket

TRANSACTIONS = """subscription ($since: DateTime) {
  transactionUpdated(since: $since) { id status direction updatedAt } }"""
REQUESTS = "subscription ($since: DateTime) { moneyRequestUpdated(since: $since) { id status direction updatedAt } }"
AGE = """update transactions
set created_at = created_at - $1::interval, updated_at = updated_at - $1, completed_at = completed_at - $1"""
LONG_AGO = "0001-01-01T00:00:00Z"


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[LiveServer]:
    async with live(database_dsn.server) as started:
        yield started


@pytest.fixture
async def sockets() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def ada(server: LiveServer) -> Admission:
    return await server.arrive("ada")


@pytest.fixture
async def bob(server: LiveServer) -> Admission:
    return await server.arrive("bob")


async def connect_as(stack: AsyncExitStack, server: LiveServer, whose: Admission) -> SocketClient:
    return await stack.enter_async_context(socket(server.url, whose.tokens.access_token))


async def next_events(subscription: Subscription, many: int) -> list[tuple[str, str]]:
    events = [await subscription.next() for _ in range(many)]
    return [(event["id"], event["status"]) for event in events]


def transaction_id(id: UUID) -> str:
    return ids.encode(ids.TRANSACTION, id)


async def request_from(desk: Desk, requester: Admission, of: str) -> UUID:
    answer = await request_money(
        desk, requester.viewer.wallet_id, raw_from=of, raw_amount="1.00", raw_description="Lunch", raw_key=new_key()
    )
    return answer.requests[0].id


async def test_a_subscription_with_since_sends_past_changes_and_then_new_ones(
    server: LiveServer, sockets: AsyncExitStack, ada: Admission, bob: Admission
) -> None:
    eve = await server.arrive("eve")
    before = await server.send(ada, "bob", "1.00")
    cancelled = await server.send(ada, "bob", "2.00")
    confirmed = await server.send(ada, "bob", "3.00")
    await server.cancel(ada, cancelled.id)
    await server.confirm(ada, confirmed.id)
    since = moment_text(before.updated_at)
    hers, his, strangers = [
        await (await connect_as(sockets, server, whose)).subscribe(TRANSACTIONS, since=since)
        for whose in (ada, bob, eve)
    ]
    await next_events(hers, 1)  # her welcome bonus, made less than 15 seconds before `since`
    assert await next_events(hers, 3) == [
        (transaction_id(before.id), "PENDING_CONFIRMATION"),
        (transaction_id(cancelled.id), "CANCELLED"),
        (transaction_id(confirmed.id), "COMPLETED"),
    ]
    # The recipient does not see the held and the cancelled payment.
    await next_events(his, 1)
    assert await next_events(his, 1) == [(transaction_id(confirmed.id), "COMPLETED")]
    await next_events(strangers, 1)
    await server.confirm(ada, before.id)
    for subscription in (hers, his):
        assert await next_events(subscription, 1) == [(transaction_id(before.id), "COMPLETED")]
    await strangers.nothing(0.05)


async def test_past_changes_of_money_requests_are_sent_first_to_both_sides(
    server: LiveServer, sockets: AsyncExitStack, ada: Admission, bob: Admission
) -> None:
    eve = await server.arrive("eve")
    first, second = [await request_from(server.services.desk, ada, "bob") for _ in range(2)]
    await decline_request(server.services.desk, bob.viewer.wallet_id, first)
    hers, his, strangers = [
        await (await connect_as(sockets, server, whose)).subscribe(REQUESTS, since=LONG_AGO)
        for whose in (ada, bob, eve)
    ]
    third = await request_from(server.services.desk, ada, "bob")
    for subscription in (hers, his):
        assert await next_events(subscription, 3) == [
            (ids.encode(ids.REQUEST, second), "PENDING"),
            (ids.encode(ids.REQUEST, first), "DECLINED"),
            (ids.encode(ids.REQUEST, third), "PENDING"),
        ]
    await strangers.nothing(0.05)


async def test_a_commit_between_the_subscription_and_its_read_is_not_lost(
    server: LiveServer, sockets: AsyncExitStack, ada: Admission, bob: Admission
) -> None:
    changes = server.services.feeds.changes
    count, read = changes.count_since, changes._read_since
    committed: list[UUID] = []

    async def commit_deposit() -> None:
        committed.append((await server.deposit(ada, "1.00")).id)

    async def counting(*arguments: Any) -> tuple[datetime, int]:
        counted = await count(*arguments)
        await commit_deposit()  # after the count, before the watch
        return counted

    async def reading(wanted: Sequence[tuple[UUID, Place]]) -> Sequence[Sequence[Any]]:
        if len(committed) == 1:
            await commit_deposit()  # after the watch, before the read
        found = await read(wanted)
        if len(committed) == 2:
            await commit_deposit()  # after the read, before its page is delivered
        return found

    changes.count_since, changes._read_since = counting, reading
    hers = await (await connect_as(sockets, server, ada)).subscribe(TRANSACTIONS, since=LONG_AGO)
    received: list[str] = []
    while len(committed) < 3 or not {transaction_id(id) for id in committed} <= set(received):
        received += [id for id, _ in await next_events(hers, 1)]
    assert [id for id in received if id in {transaction_id(each) for each in committed}] == [
        transaction_id(id) for id in committed
    ]


async def test_more_past_changes_than_the_maximum_are_an_error(
    server: LiveServer, sockets: AsyncExitStack, ada: Admission, bob: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await server.deposit(ada, "1.00")
        await request_from(server.services.desk, ada, "bob")
    client = await connect_as(sockets, server, ada)
    for document, many in ((TRANSACTIONS, 3), (REQUESTS, 2)):  # the welcome bonus is a transaction too
        monkeypatch.setattr(since, "MAX_MISSED", many)
        subscription = await client.subscribe(document, since=LONG_AGO)
        assert len({id for id, _ in await next_events(subscription, many)}) == many
        monkeypatch.setattr(since, "MAX_MISSED", many - 1)
        error = await (await client.subscribe(document, since=LONG_AGO)).error()
        assert error["extensions"] == {"code": "TOO_MANY_CHANGES"}
        assert error["message"] == f"More than {many - 1} objects changed after `since`: query the list again."


async def test_a_payment_created_before_since_and_changed_after_it_is_counted_and_sent(
    server: LiveServer,
    sockets: AsyncExitStack,
    ada: Admission,
    monkeypatch: pytest.MonkeyPatch,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    held = [await _send_to_new_user(server, ada, name) for name in ("bob", "cyd")]
    await owner.execute(AGE, timedelta(minutes=10))
    for id in held:
        await server.confirm(ada, id)
    moment = moment_text(datetime.now(UTC) - timedelta(minutes=5))
    client = await connect_as(sockets, server, ada)
    monkeypatch.setattr(since, "MAX_MISSED", 1)
    error = await (await client.subscribe(TRANSACTIONS, since=moment)).error()
    assert error["extensions"]["code"] == "TOO_MANY_CHANGES"
    monkeypatch.setattr(since, "MAX_MISSED", 2)
    subscription = await client.subscribe(TRANSACTIONS, since=moment)
    assert await next_events(subscription, 2) == [(transaction_id(id), "COMPLETED") for id in held]


async def _send_to_new_user(server: LiveServer, whose: Admission, to: str) -> UUID:
    await server.arrive(to)
    return (await server.send(whose, to, "1.00")).id


async def test_a_change_stamped_less_than_15_seconds_before_since_is_sent(
    server: LiveServer, sockets: AsyncExitStack, ada: Admission, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """A change stamped 14 seconds before `since` is sent; one stamped 16 seconds before it is not."""
    deposit = await server.deposit(ada, "1.00")
    client = await connect_as(sockets, server, ada)
    await owner.execute(AGE, timedelta(minutes=1))
    stamp = deposit.updated_at - timedelta(minutes=1)
    late = await client.subscribe(TRANSACTIONS, since=moment_text(stamp + timedelta(seconds=16)))
    early = await client.subscribe(TRANSACTIONS, since=moment_text(stamp + timedelta(seconds=14)))
    bonus_and_deposit = await next_events(early, 2)
    assert bonus_and_deposit[1] == (transaction_id(deposit.id), "COMPLETED")
    await late.nothing(0.05)


async def test_a_since_in_the_future_is_refused(server: LiveServer, sockets: AsyncExitStack, ada: Admission) -> None:
    client = await connect_as(sockets, server, ada)
    for document in (TRANSACTIONS, REQUESTS):
        for ahead in (timedelta(minutes=1), timedelta(days=365 * 2_000)):
            error = await (await client.subscribe(document, since=moment_text(datetime.now(UTC) + ahead))).error()
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert "future" in error["message"]
        assert not server.services.feeds.changes._watches
        assert not server.services.feeds.requests._watches


async def test_a_subscription_with_an_id_always_starts_with_the_current_state(
    server: LiveServer, sockets: AsyncExitStack, ada: Admission
) -> None:
    deposit = await server.deposit(ada, "1.00")
    client = await connect_as(sockets, server, ada)
    one = await client.subscribe(
        "subscription ($id: ID!, $since: DateTime) { transactionUpdated(id: $id, since: $since) { id status } }",
        id=transaction_id(deposit.id),
        since=moment_text(datetime.now(UTC)),
    )
    assert await next_events(one, 1) == [(transaction_id(deposit.id), "COMPLETED")]
    await one.nothing(0.05)


async def test_a_subscription_on_an_anonymous_socket_is_unauthenticated(server: LiveServer) -> None:
    async with socket(server.url, None) as client:
        for document in (TRANSACTIONS, REQUESTS):
            error = await (await client.subscribe(document, since=LONG_AGO)).error()
            assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_held_payments_do_not_count_as_changes_for_the_recipient(
    server: LiveServer, sockets: AsyncExitStack, ada: Admission, bob: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the error would reveal held payments to the recipient."""
    for _ in range(3):
        await server.send(ada, "bob", "1.00")
    monkeypatch.setattr(since, "MAX_MISSED", 1)
    his = await (await connect_as(sockets, server, bob)).subscribe(TRANSACTIONS, since=LONG_AGO)
    await next_events(his, 1)  # the welcome bonus
    await his.nothing(0.05)
