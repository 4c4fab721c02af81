"""Every change of a money request is told to both sides, whichever server made it, and to nobody else."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from pocketpay.api import ids
from pocketpay.identity.services import Admission
from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.decline_request import decline_request
from pocketpay.payments.desk import Desk
from pocketpay.payments.pay_request import pay_request
from pocketpay.payments.request_money import request_money
from pocketpay.payments.sweeper import end_unpayable_requests
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.updates.changes import Watch
from tests.api.one_server import serving
from tests.conftest import Dsns
from tests.payments.customers import new_key
from tests.serving.live_server import LiveServer, live
from tests.serving.socket_client import socket
from tests.transactions.past import people
from tests.updates.waiting import soon, until

UPDATES = """subscription { moneyRequestUpdated { id status direction payer { username } requester { username }
  transaction { status direction } } }"""


@pytest.fixture
async def here(database_dsn: Dsns) -> AsyncIterator[LiveServer]:
    async with live(database_dsn.server) as started:
        yield started


@pytest.fixture
async def there(database_dsn: Dsns) -> AsyncIterator[LiveServer]:
    async with live(database_dsn.server) as started:
        yield started


async def ask(desk: Desk, asker: UUID, of: str, amount: str = "1.00") -> UUID:
    answer = await request_money(
        desk, asker, raw_from=of, raw_amount=amount, raw_description="Lunch", raw_key=new_key()
    )
    return answer.requests[0].id


def wallet(whose: Admission) -> UUID:
    return whose.viewer.wallet_id


async def test_both_sides_are_told_on_whatever_server_they_listen(here: LiveServer, there: LiveServer) -> None:
    ada, bob, eve = [await here.arrive(name) for name in ("ada", "bob", "eve")]
    async with (
        socket(here.url, ada.tokens.access_token) as hers,
        socket(there.url, bob.tokens.access_token) as his,
        socket(there.url, eve.tokens.access_token) as strangers,
    ):
        ada_sees, bob_sees, eve_sees = [await one.subscribe(UPDATES) for one in (hers, his, strangers)]
        for subscription in (ada_sees, bob_sees, eve_sees):
            await subscription.nothing(0.05)
        request = await ask(here.services.desk, wallet(ada), "bob")
        told = [await one.next() for one in (ada_sees, bob_sees)]
        assert [(one["status"], one["direction"]) for one in told] == [
            ("PENDING", "OUTGOING"),
            ("PENDING", "INCOMING"),
        ]
        assert {one["id"] for one in told} == {ids.encode(ids.REQUEST, request)}
        assert (told[0]["requester"], told[0]["payer"]) == ({"username": "ada"}, {"username": "bob"})
        held = await pay_request(there.services.desk, wallet(bob), request, raw_key=new_key())
        await ada_sees.nothing()  # neither of a payment that waits,
        await cancel(there.services.desk, wallet(bob), held.transaction.id)
        await ada_sees.nothing()  # nor of one that was cancelled
        await bob_sees.nothing(0)
        held = await pay_request(there.services.desk, wallet(bob), request, raw_key=new_key())
        await confirm(there.services.desk, wallet(bob), held.transaction.id)
        for subscription, direction in ((ada_sees, "INCOMING"), (bob_sees, "OUTGOING")):
            told_of = await subscription.next()
            assert told_of["status"] == "PAID"
            assert told_of["transaction"] == {"status": "COMPLETED", "direction": direction}
        await eve_sees.nothing(0)


async def test_an_anonymous_socket_is_told_to_sign_in(here: LiveServer) -> None:
    async with socket(here.url, None) as client:
        error = await (await client.subscribe(UPDATES)).error()
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def told(watch: Watch[MoneyRequest], count: int) -> list[tuple[UUID, RequestStatus]]:
    seen = [await soon(watch.next()) for _ in range(count)]
    return [(request.id, request.status) for request in seen]


async def test_what_changed_while_the_listener_was_lost_is_told_when_it_is_back(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    ada, bob = await people(owner, "ada", "bob")
    async with serving(database_dsn.server) as on_disconnect, serving(database_dsn.server) as other:
        first = await ask(other.desk, ada, "bob")
        with on_disconnect.feeds.requests.watch(bob) as watch, on_disconnect.feeds.requests.watch(ada) as hers:
            await on_disconnect.listener.close()
            await until(lambda: on_disconnect.feeds.requests._dirty == {})
            second = await ask(other.desk, ada, "bob")
            await decline_request(other.desk, bob, first)
            third = await ask(other.desk, ada, "bob")
            await owner.execute(
                "update money_requests set created_at = created_at - interval '60 days', "
                "expires_at = clock_timestamp() where id = $1",
                third,
            )
            assert await end_unpayable_requests(other.desk) == 1
            assert second not in watch._untold
            assert third not in watch._untold
            await on_disconnect.listener.start()
            expected = {
                (first, RequestStatus.DECLINED),
                (second, RequestStatus.PENDING),
                (third, RequestStatus.EXPIRED),
            }
            for one in (watch, hers):
                heard: set[tuple[UUID, RequestStatus]] = set()
                while not heard >= expected:
                    heard |= set(await told(one, 1))
            fourth = await ask(other.desk, ada, "bob")
            assert await told(watch, 1) == [(fourth, RequestStatus.PENDING)]
