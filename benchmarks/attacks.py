"""The delays of a signed-in customer during an attack: `make bench ARGS="attacks"`, about two minutes.

The customer queries their balance every 20 ms over one connection. Requests to /healthz, which does no work, measure
how long the event loop is busy. Another process attacks from another address at a fixed rate. For comparison, the
same bytes are sent to a port that discards them: attacker and server share this machine, so only the difference
between the two is caused by the server.
"""

import asyncio
import contextlib
import multiprocessing
import random
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from benchmarks import expensive_documents, servers
from benchmarks.table import machine, put_between
from pocketpay.app import SERVED_SCHEMA
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.serving.documents import Documents
from pocketpay.serving.limits import Limits
from pocketpay.settings import Settings

BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"
SECONDS = 6
ATTACKER = "127.0.0.2"
TRIES = 300
"""Number of documents that the search for the most expensive one tries."""
PER_SECOND = 200
"""Connections per second of an attack."""

PRODUCTION = {
    "ANONYMOUS_RATE_PER_SECOND": "20",
    "SIGN_IN_RATE_PER_MINUTE": "20",
    "SIGN_UP_RATE_PER_HOUR": "60",
    "REQUEST_RATE_PER_SECOND": "300",
}
"""The default rate limits of production."""

Attack = Callable[[int], bytes]
"""Returns the bytes to send on the attack's connection with this number."""


def _post(body: dict[str, Any], *headers: str) -> bytes:
    raw = orjson.dumps(body)
    lines = ["POST /graphql HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(raw)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + raw


def most_expensive(*, anonymous: bool) -> tuple[str, float]:
    """The most expensive document that the search finds, and the processor time to prepare it in milliseconds.

    The time is the minimum of five runs. `anonymous` documents have the lower limits of requests without a token.
    """
    limits = Limits.of(Settings(_env_file=None))  # type: ignore[call-arg]

    def cost(text: str) -> float:
        taken = []
        for _ in range(5):
            began = time.process_time()
            Documents(SERVED_SCHEMA, limits, introspection=False).prepared(text, anonymous=anonymous)
            taken.append(time.process_time() - began)
        return 1_000 * min(taken)

    milliseconds, document = list(expensive_documents.search(random.Random(1), TRIES, cost))[-1]
    return document.text, milliseconds


def attacks(document: str) -> dict[str, Attack]:
    """The attacks by name. `document` is the GraphQL document of the first attack."""
    key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    upgrade = f"GET /graphql HTTP/1.1\r\nHost: x\r\n{key}Sec-WebSocket-Version: 13\r\n"
    guess = 'mutation { signIn(input: {login: "%d", password: "not a password"}) { errors { code } } }'
    return {
        "most expensive document": lambda n: _post({"query": f"{document} #{n}"}),
        "large headers": lambda _: b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000,
        "slow connections": lambda _: b"GET / HT",
        "sockets": lambda _: (upgrade + "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n").encode(),
        "sign-ins": lambda n: _post({"query": guess % n}),
    }


def _attack(port: int, name: str, messages: dict[str, list[bytes]]) -> None:
    asyncio.run(_attack_forever(port, messages[name], keep=name in ("slow connections", "sockets")))


async def _attack_forever(port: int, messages: list[bytes], *, keep: bool) -> None:
    async def one(message: bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(ATTACKER, 0))
            writer.write(message)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), 60 if keep else 0.5)
            writer.close()

    tasks: set[asyncio.Task[None]] = set()
    began, number = time.monotonic(), 0
    while True:
        for _ in range(int((time.monotonic() - began) * PER_SECOND) - number):
            task = asyncio.create_task(one(messages[number % len(messages)]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.sleep(0.01)


def _discard(listening: socket.socket) -> None:
    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(65_536):
                pass
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(read, sock=listening)
        await server.serve_forever()

    asyncio.run(serve())


@contextlib.contextmanager
def _process(target: Callable[..., None], *arguments: object) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


@contextlib.asynccontextmanager
async def _client(port: int) -> AsyncIterator[Callable[[bytes], Any]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask(request: bytes) -> tuple[float, bytes]:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(size)
        assert b" 200 " in head, head
        return (time.perf_counter() - began) * 1_000, body

    yield ask
    writer.close()


async def _measure(port: int, token: str) -> list[float]:
    """Returns p50 and p99 of the customer's balance query, then p50 and p99 of /healthz, in milliseconds."""
    balance = _post({"query": "{ wallet { balance { amount } } }"}, f"Authorization: Bearer {token}")
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    async def sample(request: bytes) -> list[float]:
        taken = []
        async with _client(port) as ask:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                taken.append((await ask(request))[0])
                await asyncio.sleep(0.02)
        return taken

    both = await asyncio.gather(sample(balance), sample(health))
    return [figure for taken in both for figure in (statistics.median(taken), statistics.quantiles(taken, n=100)[98])]


async def _customer(port: int) -> str:
    """Signs up a customer and returns their access token."""
    text = "mutation($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken } errors { message } } }"
    person = {"username": "member", "name": "Member", "password": "correct horse battery"}
    async with _client(port) as ask:
        _, body = await ask(_post({"query": text, "variables": {"input": person}}))
    return str(orjson.loads(body)["data"]["signUp"]["tokens"]["accessToken"])


def run(out: Path | None) -> None:
    """Measures all attacks, prints the table, and writes it between the marks in the file `out`."""
    anonymous_document, anonymous_ms = most_expensive(anonymous=True)
    _, signed_in_ms = most_expensive(anonymous=False)
    messages = {
        name: [attack(n) for n in range(SECONDS * PER_SECOND)] for name, attack in attacks(anonymous_document).items()
    }
    home = Path(tempfile.mkdtemp(prefix="pocketpay-bench-"))
    home.chmod(0o755)
    titles = ("balance p50", "p99", "event loop p50", "p99")
    rows = ["| " + " | ".join(["attack", *titles, *(f"discarded: {title}" for title in titles)]) + " |"]
    rows.append("| --- " + "| ---: " * 8 + "|")
    try:
        with (
            EmbeddedPostgres(home / "data"),
            servers.pocketpay(home / "data", **PRODUCTION) as (port, _),
            socket.create_server(("127.0.0.1", 0)) as listening,
            _process(_discard, listening),
        ):
            token = asyncio.run(_customer(port))
            rows.append(_row("none", asyncio.run(_measure(port, token)), []))
            for name in messages:
                figures = []
                for target in (listening.getsockname()[1], port):
                    with _process(_attack, target, name, {name: messages[name]}):
                        time.sleep(1.5)
                        figures.append(asyncio.run(_measure(port, token)))
                rows.append(_row(name, figures[1], figures[0]))
    finally:
        shutil.rmtree(home)
    text = "\n".join(
        [
            *(f"{machine()}; {SECONDS} s each, {PER_SECOND} connections a second; milliseconds.", "", *rows, ""),
            f"The most expensive document of {TRIES} tries takes {anonymous_ms:.1f} ms to prepare in an anonymous "
            f"request, and {signed_in_ms:.1f} ms in a signed-in one.",
        ]
    )
    print(text)
    if out is not None:
        put_between(out, BEGIN, END, text)


def _row(name: str, attacked: list[float], discarded: list[float]) -> str:
    return (
        "| "
        + " | ".join([name, *(f"{figure:.1f}" for figure in attacked + discarded)])
        + " |"
        + " |" * (4 - len(discarded))
    )
