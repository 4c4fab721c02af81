"""Downloads of one customer, or of slow clients, shut out nobody else's, and no query."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from pocketpay.serving import downloads
from tests.clients import Client, Listening
from tests.ledger.posted import many_lines, post
from tests.serving.test_statement_csv import READING, Owner, link, pieces, slow_reader, until_nobody_reads
from tests.transactions.past import people

MONTH = "2025-10"


async def begun(client: Client, url: str) -> AsyncIterator[bytes]:
    """A download that has given its first piece, and whose client reads no further until it is asked to."""
    told = pieces(client, url)
    await anext(told)
    return told


async def more_than_there_are_places(owner: Owner) -> list[UUID]:
    """Wallets, all but the last with a long month."""
    wallets = await people(owner, *(f"p{n:02}" for n in range(downloads.MAX_DOWNLOADS + 1)))
    for number in range(0, downloads.MAX_DOWNLOADS, 2):
        await post(owner, many_lines(wallets[number], wallets[number + 1], 1_000))
    return wallets


async def test_a_second_download_of_one_wallet_waits_for_the_first(client: Client, owner: Owner) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 1_000))
    first = await begun(client, link(alice, MONTH))
    second = asyncio.create_task(client.http.get(link(alice, MONTH)))
    other = await client.http.get(link(bob, MONTH))
    assert other.status_code == 200, "nobody else waits"
    assert not second.done()
    assert await owner.fetchval(READING) == 1, "and who waits holds no snapshot"
    async for _ in first:
        pass
    answer = await second
    assert (answer.status_code, answer.text.count("\r\n")) == (200, 1_001 + 3)


async def test_who_finds_no_place_in_time_is_asked_to_come_again(
    client: Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "WAIT_SECONDS", 0.1)
    wallets = await more_than_there_are_places(owner)
    under_way = [await begun(client, link(one, MONTH)) for one in wallets[:-1]]
    for url in (link(wallets[0], MONTH), link(wallets[-1], MONTH)):
        refused = await client.http.get(url)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["errors"][0]["extensions"]["code"] == "SERVICE_BUSY"
    for told in under_way:
        async for _ in told:
            pass
    assert (await client.http.get(link(wallets[-1], MONTH))).status_code == 200


async def test_one_customers_requests_fill_no_queue(
    client: Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_WAITING_PER_WALLET", 1)
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 1_000))
    first = await begun(client, link(alice, MONTH))
    second = asyncio.create_task(client.http.get(link(alice, MONTH)))
    await asyncio.sleep(0.05)
    assert (await client.http.get(link(alice, MONTH))).status_code == 503
    async for _ in first:
        pass
    assert (await second).status_code == 200


async def test_slow_downloads_are_cut_off_at_their_deadline_and_others_have_their_places(
    client: Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "DEADLINE_SECONDS", 1.0)
    wallets = await more_than_there_are_places(owner)
    slow = [asyncio.create_task(begun(client, link(one, MONTH))) for one in wallets[:-1]]
    await asyncio.gather(*slow)
    waiting = asyncio.create_task(client.http.get(link(wallets[-1], MONTH)))
    ada = await client.sign_up()
    assert (await client.data("{ wallet { transactions(first: 5) { totalCount } } }", by=ada))["wallet"]
    assert (await waiting).status_code == 200
    await until_nobody_reads(owner)


async def test_slow_download_gives_its_place_to_who_waits_once_it_has_had_its_own_time(
    client: Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "GUARANTEED_SECONDS", 0.5)
    wallets = await more_than_there_are_places(owner)
    slow = [await begun(client, link(one, MONTH)) for one in wallets[:-1]]
    assert (await client.http.get(link(wallets[-1], MONTH))).status_code == 200
    async with asyncio.timeout(10):
        while await owner.fetchval(READING) != len(slow) - 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for told in slow[1:]:
        assert b"Closing balance" in b"".join([piece async for piece in told]), "one place is enough"


async def test_client_that_reads_slowly_is_cut_off_and_its_snapshot_is_released(
    server: Listening, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "DEADLINE_SECONDS", 1.0)
    writer = await slow_reader(server, owner)
    await until_nobody_reads(owner)
    writer.transport.abort()
