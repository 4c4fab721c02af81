"""Two servers on one database, and two workers on one port, behave like one server."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.e2e.customer import (
    BALANCE_CHANGED,
    CANCEL,
    CONFIRM,
    DEPOSIT,
    HISTORY,
    TRANSFER,
    UPDATED,
    WALLET,
    Customer,
    at,
    key,
    sign_in,
    sign_up,
)
from tests.e2e.processes import Installation, Running

SIGN_OUT = "mutation { signOut { revoked errors { code } } }"
ROUNDS = 8
"""Rounds of each race: with this number, a server without locks would fail at least once."""


@pytest.fixture(scope="module")
def servers(installation: Installation) -> Iterator[tuple[Running, Running]]:
    first, second = installation.start(), installation.start()
    yield first, second
    assert (first.stop(), second.stop()) == (0, 0)
    assert first.tracebacks() + second.tracebacks() == []


@pytest.fixture
async def a(servers: tuple[Running, Running]) -> AsyncIterator[httpx.AsyncClient]:
    async with at(servers[0].url) as client:
        yield client


@pytest.fixture
async def b(servers: tuple[Running, Running]) -> AsyncIterator[httpx.AsyncClient]:
    async with at(servers[1].url) as client:
        yield client


async def two_people_who_have_paid(http: httpx.AsyncClient) -> tuple[Customer, Customer]:
    """Signs up two people. The first pays the second 1.00, so that the next small payment needs no confirmation."""
    ada, bea = await sign_up(http), await sign_up(http)
    paid = await ada.transfer(bea.username, "1.00")
    await ada.ask(CONFIRM, id=paid["transaction"]["id"])
    return ada, bea


async def test_one_key_sent_to_two_servers_at_once_pays_once(a: httpx.AsyncClient, b: httpx.AsyncClient) -> None:
    ada, bea = await two_people_who_have_paid(a)
    same = key()
    answers = await asyncio.gather(
        *(ada.transfer(bea.username, "5.00", key_=same, at=(a, b)[number % 2]) for number in range(16))
    )
    assert len({answer["transaction"]["id"] for answer in answers}) == 1
    assert sorted(answer["replayed"] for answer in answers) == [False] + [True] * 15
    assert await ada.available() == "94.00"
    other = {"to": bea.username, "amount": "6.00", "description": "Lunch", "idempotencyKey": same}
    refused = await ada.ask(TRANSFER, at=b, input=other)
    assert [error["code"] for error in refused["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert (await ada.ask(HISTORY, at=b))["totalCount"] == 3


async def test_one_key_of_a_deposit_sent_to_two_servers_at_once_deposits_once(
    a: httpx.AsyncClient, b: httpx.AsyncClient
) -> None:
    ada = await sign_up(a)
    input = {"amount": "7.00", "bankName": "First Bank", "idempotencyKey": key()}
    answers = await asyncio.gather(*(ada.ask(DEPOSIT, at=(a, b)[number % 2], input=input) for number in range(8)))
    assert len({answer["transaction"]["id"] for answer in answers}) == 1
    # A replay between the deposit's two units of work returns it not yet settled; the first answer is settled.
    assert await ada.available(at=b) == "107.00"
    assert (await ada.ask(HISTORY))["totalCount"] == 2


async def test_a_socket_at_one_server_gets_the_event_of_a_payment_made_at_the_other(
    a: httpx.AsyncClient, b: httpx.AsyncClient
) -> None:
    ada, bea = await two_people_who_have_paid(a)
    async with bea.listening(str(b.base_url).rstrip("/")) as socket:
        balance, news = await socket.subscribe(BALANCE_CHANGED), await socket.subscribe(UPDATED)
        assert (await balance.next())["available"]["amount"] == "101.00"
        sent = await ada.transfer(bea.username, "2.00", at=a)
        assert (await balance.next())["available"]["amount"] == "103.00"
        assert (await news.next())["id"] == sent["transaction"]["id"]


async def test_a_session_revoked_at_one_server_is_revoked_at_the_other(
    a: httpx.AsyncClient, b: httpx.AsyncClient
) -> None:
    ada = await sign_up(a)
    again = await sign_in(b, ada.username)
    async with ada.listening() as ended, again.listening(str(a.base_url).rstrip("/")) as stays:
        balance = await stays.subscribe(BALANCE_CHANGED)
        await balance.next()
        assert await ada.available() == "100.00"
        assert (await ada.ask(SIGN_OUT, at=b))["revoked"] == 1
        assert (await ada.post(WALLET, at=b))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await ended.closed() == 4401
        assert (await ada.post(WALLET, at=a))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        await again.deposit("1.00")
        assert (await balance.next())["available"]["amount"] == "101.00"


async def test_exactly_one_of_confirm_and_cancel_at_two_servers_succeeds(
    a: httpx.AsyncClient, b: httpx.AsyncClient
) -> None:
    ada, left = await sign_up(a), 100
    for _ in range(ROUNDS):
        stranger = await sign_up(a)
        pending = (await ada.transfer(stranger.username, "1.00"))["transaction"]
        confirm, cancel = ada.ask(CONFIRM, at=b, id=pending["id"]), ada.ask(CANCEL, at=a, id=pending["id"])
        confirmed, cancelled = await asyncio.gather(confirm, cancel)
        lost = [answer for answer in (confirmed, cancelled) if answer["errors"]]
        assert [answer["errors"][0]["code"] for answer in lost] == ["WRONG_STATE"]
        ends = {answer["transaction"]["status"] for answer in (confirmed, cancelled) if not answer["errors"]}
        assert ends == {"COMPLETED" if lost == [cancelled] else "CANCELLED"}
        left -= ends == {"COMPLETED"}
    assert await ada.available(at=b) == f"{left}.00"


async def test_a_whole_balance_sent_at_two_servers_is_sent_once(a: httpx.AsyncClient, b: httpx.AsyncClient) -> None:
    ada, bea = await two_people_who_have_paid(a)
    answers = await asyncio.gather(
        *(ada.transfer(bea.username, "99.00", at=(a, b)[number % 2]) for number in range(16))
    )
    ends = [answer["transaction"]["status"] for answer in answers]
    assert sorted(ends) == ["COMPLETED"] + ["FAILED"] * 15
    assert (await ada.available(), await bea.available()) == ("0.00", "200.00")


async def test_the_audit_finds_nothing_after_these_tests(a: httpx.AsyncClient, installation: Installation) -> None:
    audit = installation.run("audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr


@pytest.fixture(scope="module")
def workers(installation: Installation) -> Iterator[Running]:
    running = installation.start("--workers", "2")
    yield running
    assert running.stop() == 0
    assert running.tracebacks() == []
    lines = [json.loads(line)["event"] for line in running.log.read_text().splitlines()]
    assert [event for event in lines if event.startswith("server_")] == [
        "server_started",
        "server_stopping",
        "server_stopped",
    ]


async def test_workers_on_one_port_send_events_to_every_socket_and_use_a_key_once(workers: Running) -> None:
    """Connections are spread over both workers."""
    async with AsyncExitStack() as open_:
        server_context = [await open_.enter_async_context(at(workers.url, connections=1)) for _ in range(8)]
        ada, bea = await two_people_who_have_paid(server_context[0])
        sockets = [await open_.enter_async_context(bea.listening(workers.url)) for _ in range(8)]
        balances = [await socket.subscribe(BALANCE_CHANGED) for socket in sockets]
        assert [await available(balance) for balance in balances] == ["101.00"] * 8
        same = key()
        answers = await asyncio.gather(
            *(ada.transfer(bea.username, "3.00", key_=same, at=door) for door in server_context)
        )
        assert sorted(answer["replayed"] for answer in answers) == [False] + [True] * 7
        assert [await available(balance) for balance in balances] == ["104.00"] * 8
        assert (await bea.ask(SIGN_OUT, at=server_context[1]))["revoked"] == 1
        assert [await socket.closed() for socket in sockets] == [4401] * 8
        for door in server_context:
            assert (await bea.post(WALLET, at=door))["data"] == {"wallet": None}


async def available(balance: Any) -> str:
    amount: str = (await balance.next())["available"]["amount"]
    return amount
