"""The reads of one user leave database readers for the others."""

import ast
import asyncio
from pathlib import Path

import pytest

import pocketpay.api
from pocketpay.database.sessions import Session
from pocketpay.identity import profiles
from pocketpay.identity.profile import Profile
from tests.clients import Client
from tests.patience import PATIENCE_SECONDS

API = Path(pocketpay.api.__file__).parent
SEARCHES = "{ " + " ".join(f'a{n}: searchProfiles(text: "a{n}") {{ username }}' for n in range(6)) + " }"
OWN_READS = "{ wallet { balance { amount } transactions(first: 5) { totalCount } } cards { id } }"


async def test_parallel_searches_of_one_user_do_not_block_the_reads_of_another(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await client.sign_up("ada"), await client.sign_up("bob")
    searching = 0
    counts: list[int] = []

    async def search(session: Session, typed: str, *, limit: int) -> list[Profile]:
        nonlocal searching
        searching += 1
        try:
            counts.append(searching)
            await session.fetchval("select pg_sleep(0.7)")
        finally:
            searching -= 1
        return []

    monkeypatch.setattr(profiles, "search", search)
    searches = asyncio.create_task(client.data(SEARCHES, by=ada))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not counts:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)
    for _ in range(3):
        assert (await client.data(OWN_READS, by=bob))["wallet"]
    assert not searches.done()
    assert max(counts) == 2
    searches.cancel()
    await asyncio.wait({searches})


def test_resolvers_read_only_with_an_owner() -> None:
    """`services.database` reads without an owner. Only reads of shared data may use it."""
    for file in API.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "query" and isinstance(node.value, ast.Attribute):
                of = node.value
                services = of.value
                name = services.attr if isinstance(services, ast.Attribute) else getattr(services, "id", "")
                assert not (of.attr == "database" and name == "services"), f"{file.name}:{node.lineno}"
