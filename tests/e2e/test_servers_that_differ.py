"""Two servers on one database with different currencies, limits, hash seeds and, if there is another one, Pythons.

OTHER_PYTHON is the path of a Python of another version with the locked packages; `make pythons` sets it.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.e2e.customer import DEPOSIT, HISTORY, TRANSFER, WALLET, Customer, at, key, sign_in, sign_up
from tests.e2e.processes import NO_CONFIRMATION, Installation, Running

PYTHON = os.environ.get("OTHER_PYTHON", sys.executable)

NAMES = (
    "Ada",
    "ada ADA",
    "Zoë",
    "Zoe\u0308",
    "ＡＤＡ",
    "Straße",
    "ﬁn",
    "İstanbul",
    "李小龍",
    "👩‍👩‍👧‍👦",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "\U0001fae9",
    "\U0001fac8",
    "\u200b",
    "\u202eada",
    "a\u0300\u0301\u0302\u0303\u0304\u0305",
    "\ufdd0",
    "Pocket Pay Support",
    "аdmin",
)
"""Names that two Python versions might validate differently: new emoji, forms of the same letter, invisible
characters."""

SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { user { name } errors { code path message } } }"
SEARCH = "query ($search: String!) { transactions(filter: {search: $search}) { nodes { id description } } }"


@pytest.fixture(scope="module")
def servers(installation: Installation) -> Iterator[tuple[Running, Running]]:
    """The first offers dollars only; the second offers euros too, and has a lower daily limit."""
    first = installation.start(CURRENCIES="USD", PYTHONHASHSEED="1", **NO_CONFIRMATION)
    second = installation.start_anew(
        PYTHON, CURRENCIES="USD,EUR", TRANSFER_LIMIT="50.00", PYTHONHASHSEED="2", **NO_CONFIRMATION
    )
    yield first, second
    assert (first.stop(), second.stop()) == (0, 0)
    assert first.tracebacks() + second.tracebacks() == []


@pytest.fixture
async def both(servers: tuple[Running, Running]) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(at(server.url)) for server in servers]
        yield first, second


Both = tuple[httpx.AsyncClient, httpx.AsyncClient]


async def test_a_key_used_at_one_server_is_known_at_the_other(both: Both) -> None:
    ada, bea = await sign_up(both[0]), await sign_up(both[0])
    for number, description in enumerate(NAMES[:9]):
        input = {
            "to": bea.username,
            "amount": f"0.{number + 10}",
            "description": description,
            "idempotencyKey": key(),
        }
        here, there = both if number % 2 else both[::-1]
        first = await ada.ask(TRANSFER, at=here, input=input)
        again = await ada.ask(TRANSFER, at=there, input=input)
        assert (first["errors"], first["replayed"], again["replayed"]) == ([], False, True)
        assert again["transaction"] == first["transaction"]
    assert await ada.available(at=both[0]) == await ada.available(at=both[1]) == "98.74"


async def test_both_servers_accept_and_refuse_the_same_names(both: Both) -> None:
    async def validated(http: httpx.AsyncClient, name: str) -> Any:
        input = {"username": f"someone_{key()[:8]}", "name": name, "password": "violet-harbour-19"}
        response = await http.post("/graphql", json={"query": SIGN_UP, "variables": {"input": input}})
        return response.json()["data"]["signUp"]

    refused = 0
    for name in NAMES:
        one, other = await asyncio.gather(*(validated(http, name) for http in both))
        assert one == other, name
        refused += bool(one["errors"])
    assert 0 < refused < len(NAMES)


async def test_search_at_one_server_finds_descriptions_written_at_the_other(both: Both) -> None:
    ada, bea = await sign_up(both[1]), await sign_up(both[0])
    for http, written, sought in (
        (both[0], "Straße ＡＢＣ", "STRASSE abc"),
        (both[1], "Zoe\u0308s cafe\u0301", "ZOËS CAFÉ"),
    ):
        input = {"to": bea.username, "amount": "1.00", "description": written, "idempotencyKey": key()}
        sent = await ada.ask(TRANSFER, at=http, input=input)
        for server in both:
            found = await ada.ask(SEARCH, at=server, search=sought)
            assert [node["id"] for node in found["nodes"]] == [sent["transaction"]["id"]]


async def test_a_session_of_one_server_is_valid_at_the_other(both: Both) -> None:
    ada = await sign_up(both[0])
    again = await sign_in(both[1], ada.username)
    assert (await ada.ask(WALLET, at=both[1])) == (await again.ask(WALLET, at=both[0]))


async def test_a_wallet_in_a_currency_of_one_server_works_at_the_other(both: Both) -> None:
    first, second = both
    ada, bea = [await _european(second) for _ in range(2)]
    input = {"amount": "10.00", "bankName": "First Bank", "idempotencyKey": key()}
    assert (await ada.ask(DEPOSIT, at=first, input=input))["errors"] == []
    input = {"to": bea.username, "amount": "4.00", "description": "Lunch", "idempotencyKey": key()}
    assert (await ada.ask(TRANSFER, at=first, input=input))["errors"] == []
    assert {await ada.available(at=server) for server in both} == {"6.00"}
    assert {await bea.available(at=server) for server in both} == {"4.00"}


async def test_each_server_applies_its_own_limit_to_payments_made_at_both(both: Both) -> None:
    first, second = both
    ada, bea = await sign_up(first), await sign_up(first)
    assert (await ada.transfer(bea.username, "30.00", at=second))["errors"] == []
    assert (await ada.transfer(bea.username, "15.00", at=first))["errors"] == []
    refused = await ada.transfer(bea.username, "5.01", at=second)
    assert [error["code"] for error in refused["errors"]] == ["LIMIT_EXCEEDED"]
    assert (await ada.transfer(bea.username, "5.01", at=first))["errors"] == []
    assert (await ada.ask(HISTORY, at=second))["totalCount"] == 4


async def test_the_audit_finds_nothing(both: Both, installation: Installation) -> None:
    for _ in both:
        audit = installation.run("audit")
        assert (audit.returncode, audit.stderr) == (0, ""), audit.stdout


async def _european(http: httpx.AsyncClient) -> Customer:
    """Signs up a new user with a wallet in euros."""
    username = f"someone_{key()[:8]}"
    form = {"username": username, "name": username, "password": "violet-harbour-19", "currency": "EUR"}
    response = await http.post("/graphql", json={"query": SIGN_UP, "variables": {"input": form}})
    assert response.json()["data"]["signUp"]["errors"] == []
    return await sign_in(http, username)
