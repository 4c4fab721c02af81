"""What a member notices while a stranger attacks: `make bench ARGS="attacks"`, about two minutes.

A member asks for their balance every 20 ms over one connection, and /healthz, which does nothing, tells how long the
event loop is busy. An attack comes from another address and another process, at a fixed rate; the same bytes are sent
to a port that discards them, because attacker and server share this machine: only what is worse than that is the
server's own.
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

from benchmarks import dear_documents, servers
from benchmarks.table import machine, put_between
from pocketpay.app import SERVED_SCHEMA
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.serving.documents import Documents
from pocketpay.serving.limits import Limits
from pocketpay.settings import Settings

BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"
SECONDS = 6
STRANGER = "127.0.0.2"
TRIES = 300
"""Documents that the search for the dearest one tries."""
PER_SECOND = 200
"""Connections of an attack."""

PRODUCTION = {
    "ANONYMOUS_RATE_PER_SECOND": "20",
    "SIGN_IN_RATE_PER_MINUTE": "20",
    "SIGN_UP_RATE_PER_HOUR": "60",
    "REQUEST_RATE_PER_SECOND": "300",
}
"""The rates that hold in production."""

Attack = Callable[[int], bytes]
"""The bytes of the connection with that number."""


def _post(body: dict[str, Any], *headers: str) -> bytes:
    raw = orjson.dumps(body)
    lines = ["POST /graphql HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(raw)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + raw


def dearest(*, anonymous: bool) -> tuple[str, float]:
    """The dearest document that a search finds, from a stranger or a member, and the milliseconds of processor time
    that preparing it takes: the least of five."""
    limits = Limits.of(Settings(_env_file=None))  # type: ignore[call-arg]

    def cost(text: str) -> float:
        taken = []
        for _ in range(5):
            began = time.process_time()
            Documents(SERVED_SCHEMA, limits, introspection=False).prepared(text, anonymous=anonymous)
            taken.append(time.process_time() - began)
        return 1_000 * min(taken)

    milliseconds, document = list(dear_documents.search(random.Random(1), TRIES, cost))[-1]
    return document.text, milliseconds


def attacks(dearest: str) -> dict[str, Attack]:
    """Each attack, by name; `dearest` is the document of the first."""
    key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    upgrade = f"GET /graphql HTTP/1.1\r\nHost: x\r\n{key}Sec-WebSocket-Version: 13\r\n"
    guess = 'mutation { signIn(input: {login: "%d", password: "not a password"}) { errors { code } } }'
    return {
        "dearest document": lambda n: _post({"query": f"{dearest} #{n}"}),
        "large headers": lambda _: b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000,
        "slow connections": lambda _: b"GET / HT",
        "sockets": lambda _: (upgrade + "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n").encode(),
        "sign-ins": lambda n: _post({"query": guess % n}),
    }


def _attack(port: int, name: str, dearest: dict[str, list[bytes]]) -> None:
    asyncio.run(_attack_forever(port, dearest[name], keep=name in ("slow connections", "sockets")))


async def _attack_forever(port: int, messages: list[bytes], *, keep: bool) -> None:
    async def one(message: bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(STRANGER, 0))
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
def _process(target: Callable[..., None], *given: object) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=target, args=given, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


@contextlib.asynccontextmanager
async def _asking(port: int) -> AsyncIterator[Callable[[bytes], Any]]:
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
    """p50 and p99 of the member's balance, then of the event loop, in milliseconds."""
    balance = _post({"query": "{ wallet { balance { amount } } }"}, f"Authorization: Bearer {token}")
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    async def sample(request: bytes) -> list[float]:
        taken = []
        async with _asking(port) as ask:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                taken.append((await ask(request))[0])
                await asyncio.sleep(0.02)
        return taken

    both = await asyncio.gather(sample(balance), sample(health))
    return [figure for taken in both for figure in (statistics.median(taken), statistics.quantiles(taken, n=100)[98])]


async def _member(port: int) -> str:
    """Signs somebody up; gives their access token."""
    text = "mutation($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken } errors { message } } }"
    person = {"username": "member", "name": "Member", "password": "correct horse battery"}
    async with _asking(port) as ask:
        _, body = await ask(_post({"query": text, "variables": {"input": person}}))
    return str(orjson.loads(body)["data"]["signUp"]["tokens"]["accessToken"])


def run(out: Path | None) -> None:
    """Measures all attacks, and prints the table."""
    text_of_strangers, of_strangers = dearest(anonymous=True)
    _, of_members = dearest(anonymous=False)
    made = {
        name: [attack(n) for n in range(SECONDS * PER_SECOND)] for name, attack in attacks(text_of_strangers).items()
    }
    home = Path(tempfile.mkdtemp(prefix="pocketpay-bench-"))
    home.chmod(0o755)
    of_one = ("balance p50", "p99", "event loop p50", "p99")
    rows = ["| " + " | ".join(["attack", *of_one, *(f"discarded: {title}" for title in of_one)]) + " |"]
    rows.append("| --- " + "| ---: " * 8 + "|")
    try:
        with (
            EmbeddedPostgres(home / "data"),
            servers.pocketpay(home / "data", **PRODUCTION) as (port, _),
            socket.create_server(("127.0.0.1", 0)) as listening,
            _process(_discard, listening),
        ):
            token = asyncio.run(_member(port))
            rows.append(_row("none", asyncio.run(_measure(port, token)), []))
            for name in made:
                figures = []
                for target in (listening.getsockname()[1], port):
                    with _process(_attack, target, name, {name: made[name]}):
                        time.sleep(1.5)
                        figures.append(asyncio.run(_measure(port, token)))
                rows.append(_row(name, figures[1], figures[0]))
    finally:
        shutil.rmtree(home)
    text = "\n".join(
        [
            *(f"{machine()}; {SECONDS} s each, {PER_SECOND} connections a second; milliseconds.", "", *rows, ""),
            f"The dearest documents of {TRIES} tries take {of_strangers:.1f} ms to prepare from a stranger, and "
            f"{of_members:.1f} ms from a member.",
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
