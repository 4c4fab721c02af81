"""A statement as a CSV file: complete, from one snapshot, for everybody who has the link."""

import asyncio
import csv
import io
import os
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import httpx
import pytest
import uuid_utils.compat as uuids

from pocketpay.api import ids
from pocketpay.api.statement_link import StatementLinks
from pocketpay.ledger.month import Month
from pocketpay.ledger.time_zones import time_zone
from pocketpay.serving import statement_csv
from tests.api.test_statement import NOVEMBER, TICK
from tests.clients import Client, Listening, Person, serving
from tests.conftest import Dsns
from tests.ledger.posted import Paid, many_lines, post
from tests.patience import PATIENCE_SECONDS
from tests.people import SECRET
from tests.transactions.past import people

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

HEADER = ["Date (UTC)", "Description", "Counterparty", "Type", "Amount", "Balance", "Currency", "Transaction"]
READING = "select count(*) from pg_stat_activity where application_name = 'pocketpay statement'"


def read(text: str, zone: str = "UTC") -> list[dict[str, str]]:
    """The rows of a file after the byte order mark and the header. Asserts both."""
    assert (text[:1], text.count("\ufeff")) == ("\ufeff", 1)
    assert text.endswith("\r\n")
    header, *rows = csv.reader(io.StringIO(text[1:], newline=""))
    assert header == [f"Date ({zone})", *HEADER[1:]]
    return [dict(zip(header, row, strict=True)) for row in rows]


def link(wallet: UUID, month: str, zone: str = "UTC", *, now: datetime | None = None) -> str:
    return StatementLinks(SECRET).link(wallet, Month.parse(month, zone), now=now or datetime.now(UTC))


async def wallet_of(owner: Owner, person: Person) -> UUID:
    found: UUID = await owner.fetchval("select wallet_id from users where username = $1", person.username)
    return found


async def csv_url(client: Client, person: Person, month: str) -> str:
    query = "query ($month: String!) { wallet { statement(month: $month) { csvUrl } } }"
    data = await client.data(query, {"month": month}, by=person)
    return str(data["wallet"]["statement"]["csvUrl"])


async def test_a_statement_file_has_the_month_from_opening_to_closing_balance(client: Client, owner: Owner) -> None:
    alice, bob = await people(owner, "alice", "bob")
    paid = [
        Paid(NOVEMBER - TICK, None, alice, 10_000),
        Paid(NOVEMBER, alice, bob, 1_000, fee=15, description='Lunch, "with" Zoë'),
        Paid(NOVEMBER + timedelta(days=29), None, alice, 500, description="Top-up"),
        Paid(datetime(2025, 12, 1, tzinfo=UTC), alice, bob, 200),
    ]
    await post(owner, paid)
    response = await client.http.get(link(alice, "2025-11"))
    assert response.status_code == 200
    common = {"Counterparty": "", "Type": "", "Amount": "", "Currency": "USD", "Transaction": ""}
    opening, lunch, top_up, closing = read(response.text)
    assert opening == common | {
        "Date (UTC)": "2025-11-01 00:00:00", "Description": "Opening balance", "Balance": "100.00"
    }  # fmt: skip
    assert lunch == {
        "Date (UTC)": "2025-11-01 00:00:00",
        "Description": 'Lunch, "with" Zoë',
        "Counterparty": "Bob (bob)",
        "Type": "SEND",
        "Amount": "-10.15",
        "Balance": "89.85",
        "Currency": "USD",
        "Transaction": ids.encode(ids.TRANSACTION, paid[1].id),
    }
    assert (top_up["Type"], top_up["Amount"], top_up["Counterparty"]) == ("DEPOSIT", "5.00", "")
    assert closing == common | {
        "Date (UTC)": "2025-11-30 23:59:59", "Description": "Closing balance", "Balance": "94.85"
    }  # fmt: skip


async def test_a_statement_file_has_the_month_and_the_local_times_of_its_time_zone(
    client: Client, owner: Owner
) -> None:
    """At the end of October one hour occurs twice in Berlin; the file keeps the order of the ledger."""
    alice, _ = await people(owner, "alice", "bob")
    utc = (
        *("2025-09-30 21:59:59", "2025-09-30 22:00:00", "2025-10-26 00:30:00", "2025-10-26 01:15:00"),
        *("2025-10-31 22:59:59", "2025-10-31 23:00:00"),
    )
    await post(owner, [Paid(datetime.fromisoformat(f"{at}+00:00"), None, alice, 100) for at in utc])
    rows = read((await client.http.get(link(alice, "2025-10", "Europe/Berlin"))).text, "Europe/Berlin")
    assert [(row["Date (Europe/Berlin)"], row["Balance"]) for row in rows] == [
        ("2025-10-01 00:00:00", "1.00"),
        ("2025-10-01 00:00:00", "2.00"),
        ("2025-10-26 02:30:00", "3.00"),
        ("2025-10-26 02:15:00", "4.00"),
        ("2025-10-31 23:59:59", "5.00"),
        ("2025-10-31 23:59:59", "5.00"),
    ]
    assert [row["Balance"] for row in read((await client.http.get(link(alice, "2025-10"))).text)] == [
        *("2.00", "3.00", "4.00", "5.00", "6.00", "6.00")
    ]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("month", ["0001-01", "9999-12"])
async def test_the_first_and_the_last_possible_month_have_a_statement_file(
    client: Client, owner: Owner, month: str, zone: str
) -> None:
    (alice,) = await people(owner, "alice")
    opening, closing = read((await client.http.get(link(alice, month, zone))).text, zone)
    assert (opening["Balance"], closing["Balance"]) == ("0.00", "0.00")


async def test_a_statement_file_of_the_current_month_in_a_time_zone_ends_now(client: Client) -> None:
    ada, zone = await client.sign_up(), "Asia/Kathmandu"
    before = datetime.now(time_zone(zone)).replace(tzinfo=None, microsecond=0)
    query = 'query ($month: String!) { wallet { statement(month: $month, timeZone: "Asia/Kathmandu") { csvUrl } } }'
    data = await client.data(query, {"month": f"{before:%Y-%m}"}, by=ada)
    *_, closing = read((await client.http.get(data["wallet"]["statement"]["csvUrl"])).text, zone)
    after = datetime.now(time_zone(zone)).replace(tzinfo=None)
    assert before <= datetime.fromisoformat(closing[f"Date ({zone})"]) <= after


async def test_a_statement_link_opens_only_its_own_time_zone(client: Client, owner: Owner) -> None:
    (alice,) = await people(owner, "alice")
    here, berlin = link(alice, "2025-11"), link(alice, "2025-11", "Europe/Berlin")
    assert "timeZone=Europe%2FBerlin" in berlin
    for url in (
        berlin.replace("Europe%2FBerlin", "Europe%2FParis"),
        berlin.replace("&timeZone=Europe%2FBerlin", ""),
        berlin.replace("Europe%2FBerlin", ""),
        f"{here}&timeZone=Europe/Berlin",
        f"{here}&timeZone=UTC",
    ):
        assert (await client.http.get(url)).status_code == 403, url
    assert (await client.http.get(berlin)).status_code == 200


async def test_a_statement_file_begins_with_a_utf_8_byte_order_mark_for_excel(client: Client, owner: Owner) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await owner.execute("update users set name = 'Zoë Żółć 山田' where username = 'bob'")
    await post(owner, [Paid(NOVEMBER, None, bob, 500), Paid(NOVEMBER, bob, alice, 100)])
    content = (await client.http.get(link(alice, "2025-11"))).content
    assert content[:3] == b"\xef\xbb\xbf"
    assert content[3:].startswith(b'"Date (UTC)",')
    assert [row["Counterparty"] for row in read(content.decode())] == ["", "Zoë Żółć 山田 (bob)", ""]
    assert content.decode("utf-8-sig") == content.decode()[1:]


async def test_a_statement_file_is_an_attachment_that_is_not_cached(client: Client, owner: Owner) -> None:
    (alice,) = await people(owner, "alice")
    for method in ("GET", "HEAD"):
        response = await client.http.request(method, link(alice, "2025-11"))
        assert response.headers["content-type"].startswith("text/csv; charset=utf-8")
        assert response.headers["content-disposition"] == 'attachment; filename="pocketpay-2025-11.csv"'
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["x-request-id"]
        assert bool(response.content) == (method == "GET")


async def test_a_link_from_the_schema_works_on_another_server_with_the_same_secret(
    client: Client, database_dsn: Dsns
) -> None:
    ada = await client.sign_up()
    month = f"{datetime.now(UTC):%Y-%m}"
    url = await csv_url(client, ada, month)
    async with serving(database_dsn.server) as another:
        response = await another.http.get(url)
    opening, bonus, closing = read(response.text)
    assert (opening["Balance"], bonus["Type"], bonus["Amount"], closing["Balance"]) == (
        *("0.00", "BONUS", "100.00", "100.00"),
    )
    assert opening["Date (UTC)"] < bonus["Date (UTC)"] <= closing["Date (UTC)"]


async def test_the_closing_balance_of_one_month_is_the_opening_balance_of_the_next(
    client: Client, owner: Owner
) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 300, every=timedelta(hours=4)))
    october, november = [read((await client.http.get(link(alice, month))).text) for month in ("2025-10", "2025-11")]
    assert october[-1]["Balance"] == november[0]["Balance"]
    assert len(october) + len(november) == 301 + 4
    for rows in (october, november):
        amounts = sum(Decimal(row["Amount"]) for row in rows[1:-1])
        assert Decimal(rows[0]["Balance"]) + amounts == Decimal(rows[-1]["Balance"])
        assert [row["Balance"] for row in rows[-2:]] == [rows[-1]["Balance"]] * 2


async def test_texts_of_other_users_are_not_formulas_in_a_statement_file(client: Client, owner: Owner) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await owner.execute("update users set name = '=1+1' where username = 'bob'")
    await post(
        owner,
        [Paid(NOVEMBER, None, bob, 500), Paid(NOVEMBER, bob, alice, 100, description='=HYPERLINK("https://x")')],
    )
    _, paid, _ = read((await client.http.get(link(alice, "2025-11"))).text)
    assert (paid["Description"], paid["Counterparty"]) == ('\'=HYPERLINK("https://x")', "'=1+1 (bob)")


async def test_an_invalid_or_expired_statement_link_is_refused_as_json(client: Client, owner: Owner) -> None:
    alice, bob = await people(owner, "alice", "bob")
    good = link(alice, "2025-11")
    for url in (
        good.replace("2025-11", "2025-12"),
        good.replace(ids.encode(ids.WALLET, alice), ids.encode(ids.WALLET, bob)),
        good[:-1],
        good.split("?")[0],
        link(alice, "2025-11", now=datetime.now(UTC) - timedelta(minutes=5)),
        "/statements/whatever.csv?wallet=&expires=&signature=%ff",
    ):
        response = await client.http.get(url)
        assert (response.status_code, response.headers["content-type"]) == (403, "application/json; charset=utf-8")
        (error,) = response.json()["errors"]
        assert (error["extensions"]["code"], "link" in error["message"]) == ("FORBIDDEN", True)
    assert (await client.http.get(link(uuids.uuid7(), "2025-11"))).status_code == 404
    assert (await client.http.post(good)).status_code == 405


async def test_a_statement_link_does_not_open_another_wallets_statement(client: Client, owner: Owner) -> None:
    ada, eve = await client.sign_up("ada"), await client.sign_up("eve")
    month = f"{datetime.now(UTC):%Y-%m}"
    hers, theirs = await csv_url(client, eve, month), await csv_url(client, ada, month)
    swapped = hers.replace(
        ids.encode(ids.WALLET, await wallet_of(owner, eve)), ids.encode(ids.WALLET, await wallet_of(owner, ada))
    )
    assert swapped != hers
    assert (await client.http.get(swapped, headers=ada.bearer)).status_code == 403
    assert (
        await client.http.get(theirs, headers=eve.bearer)
    ).status_code == 200  # the link works for everybody who has it


async def test_a_statement_file_is_read_from_one_snapshot(client: Client, owner: Owner) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 1_000))
    whole = b""
    async for piece in pieces(client, link(alice, "2025-10")):
        if not whole:
            await owner.execute("update users set name = 'Robert' where username = 'bob'")
        whole += piece
    rows = read(whole.decode())
    assert len(rows) == 1_001 + 2
    assert {row["Counterparty"] for row in rows[2:-1]} == {"Bob (bob)"}


async def pieces(client: Client, url: str) -> AsyncIterator[bytes]:
    """The pieces of an answer. The server sends the next piece only when the last one was taken."""
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1)
    path, _, query = url.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": [],
        "http_version": "1.1", "scheme": "http", "server": ("here", 80), "client": ("192.0.2.10", 1), "root_path": "",
        "raw_path": path.encode(), "asgi": {"version": "3.0"},
    }  # fmt: skip
    never: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    answering = asyncio.create_task(client.app(scope, lambda: never, sent.put))  # type: ignore[arg-type]
    assert (await sent.get())["status"] == 200
    while (message := await sent.get()).get("more_body"):
        yield message["body"]
    await answering


async def until_no_readers(owner: Owner) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await owner.fetchval(READING):  # noqa: ASYNC110 - PostgreSQL sends no event
            await asyncio.sleep(0.01)


async def slow_reader(server: Listening, owner: Owner) -> asyncio.StreamWriter:
    """A client that has read one line of a long file and reads no more. Its receive buffer is small."""
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 8_000))
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=narrow, limit=1_024)
    writer.write(f"GET {link(alice, '2025-10')} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    assert b"200 OK" in await reader.readline()
    assert await owner.fetchval(READING) == 1
    return writer


async def test_a_client_that_disconnects_ends_the_download(server: Listening, owner: Owner) -> None:
    writer = await slow_reader(server, owner)
    writer.transport.abort()
    await until_no_readers(owner)


async def test_a_client_that_stops_reading_is_disconnected(
    server: Listening, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_csv, "STALLED_SECONDS", 0.2)
    writer = await slow_reader(server, owner)
    await until_no_readers(owner)
    writer.transport.abort()


async def test_a_lost_database_connection_ends_the_file_without_a_closing_line(
    server: Listening, owner: Owner
) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 8_000))
    url, received = f"http://127.0.0.1:{server.port}{link(alice, '2025-10')}", b""

    async def download() -> None:
        nonlocal received
        async with httpx.AsyncClient() as http, http.stream("GET", url) as response:
            async for piece in response.aiter_bytes():
                if not received:
                    await owner.execute(READING.replace("count(*)", "pg_terminate_backend(pid)"))
                received += piece

    with pytest.raises(httpx.RemoteProtocolError):
        await download()
    assert received
    assert b"Closing balance" not in received


async def test_a_long_statement_uses_constant_memory_and_delays_no_other_request(
    server: Listening, owner: Owner
) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, many_lines(alice, bob, 20_000))
    lines, waits, loop = 0, [0.0], asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:

        async def others() -> None:
            while True:
                began = loop.time()
                assert (await http.get("/healthz")).status_code == 200
                waits.append(loop.time() - began)

        beside = asyncio.create_task(others())
        resident = [resident_bytes()]
        async with http.stream("GET", link(alice, "2025-10")) as response:
            async for piece in response.aiter_bytes():
                lines += piece.count(b"\n")
                resident.append(resident_bytes())
        beside.cancel()
        await asyncio.wait({beside})
    assert lines == 20_001 + 3
    assert max(resident) - resident[0] < 10_000_000  # all lines at once are some 24 MB
    assert len(waits) > 3  # a fast machine sends the whole file within 0.3 s
    assert max(waits) < 1.0


def resident_bytes() -> int:
    """The resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
