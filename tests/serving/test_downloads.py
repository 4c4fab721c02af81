"""Downloads of one customer or of slow clients block neither other downloads nor queries."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from pocketpay.serving import downloads
from tests.clients import Client, Listening
from tests.ledger.posted import many_lines, post
from tests.patience import PATIENCE_SECONDS
from tests.serving.test_statement_csv import READING, Owner, link, pieces, slow_reader, until_no_readers
from tests.transactions.past import people

MONTH = "2025-10"


async def begin_download(client: Client, url: str) -> AsyncIterator[bytes]:
    """Begins a download: its first piece has arrived, and the client reads no further until the iterator is used."""
    download = pieces(client, url)
    await anext(download)
    return download


async def one_wallet_more_than_slots(owner: Owner) -> list[UUID]:
    """One more wallet than there are download slots. All but the last have a long month."""
    wallets = await people(owner, *(f"p{n:02}" for n in range(downloads.MAX_DOWNLOADS + 1)))
    for number in range(0, downloads.MAX_DOWNLOADS, 2):
        await post(owner, many_lines(wallets[number], wallets[number + 1], 1_000))
    return wallets


async def test_a_second_download_of_one_wallet_waits_for_the_first(client: Client, owner: Owner) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 1_000))
    first = await begin_download(client, link(alice, MONTH))
    second = asyncio.create_task(client.http.get(link(alice, MONTH)))
    other = await client.http.get(link(bob, MONTH))
    assert other.status_code == 200, "downloads of other wallets do not wait"
    assert not second.done()
    assert await owner.fetchval(READING) == 1, "a waiting download holds no snapshot"
    async for _ in first:
        pass
    answer = await second
    assert (answer.status_code, answer.text.count("\r\n")) == (200, 1_001 + 3)


async def test_a_download_that_gets_no_slot_in_time_is_service_busy(
    client: Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "WAIT_SECONDS", 0.1)
    wallets = await one_wallet_more_than_slots(owner)
    under_way = [await begin_download(client, link(one, MONTH)) for one in wallets[:-1]]
    for url in (link(wallets[0], MONTH), link(wallets[-1], MONTH)):
        refused = await client.http.get(url)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["errors"][0]["extensions"]["code"] == "SERVICE_BUSY"
    for download in under_way:
        async for _ in download:
            pass
    assert (await client.http.get(link(wallets[-1], MONTH))).status_code == 200


async def test_the_waiting_downloads_of_one_wallet_are_limited(
    client: Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_WAITING_PER_WALLET", 1)
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 1_000))
    first = await begin_download(client, link(alice, MONTH))
    second = asyncio.create_task(client.http.get(link(alice, MONTH)))
    await asyncio.sleep(0.05)
    assert (await client.http.get(link(alice, MONTH))).status_code == 503
    async for _ in first:
        pass
    assert (await second).status_code == 200


async def test_slow_downloads_end_at_their_deadline_and_free_their_slots(
    client: Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "DEADLINE_SECONDS", 1.0)
    wallets = await one_wallet_more_than_slots(owner)
    slow = [asyncio.create_task(begin_download(client, link(one, MONTH))) for one in wallets[:-1]]
    await asyncio.gather(*slow)
    waiting = asyncio.create_task(client.http.get(link(wallets[-1], MONTH)))
    ada = await client.sign_up()
    assert (await client.data("{ wallet { transactions(first: 5) { totalCount } } }", by=ada))["wallet"]
    assert (await waiting).status_code == 200
    await until_no_readers(owner)


async def test_a_slow_download_frees_its_slot_for_a_waiting_one_after_its_minimum_time(
    client: Client, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "GUARANTEED_SECONDS", 0.5)
    wallets = await one_wallet_more_than_slots(owner)
    slow = [await begin_download(client, link(one, MONTH)) for one in wallets[:-1]]
    assert (await client.http.get(link(wallets[-1], MONTH))).status_code == 200
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await owner.fetchval(READING) != len(slow) - 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for download in slow[1:]:
        assert b"Closing balance" in b"".join([piece async for piece in download]), "one freed slot is enough"


async def test_a_slow_client_is_disconnected_and_its_snapshot_is_released(
    server: Listening, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "DEADLINE_SECONDS", 1.0)
    writer = await slow_reader(server, owner)
    await until_no_readers(owner)
    writer.transport.abort()
