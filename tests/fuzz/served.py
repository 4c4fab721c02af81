"""A server over our HTTP protocol with three signed-in users, and the laws about its log, its CPU time and the books.

ada, bob    customers with money, cards, money requests, a payment that waits for confirmation, and refunds
olga        an operator
"""

import asyncio
import io
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import uvloop

from pocketpay.api.schema import schema
from pocketpay.app import create_app
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.errors import Refusal
from pocketpay.identity.sign_in import sign_in
from pocketpay.operations import audit
from tests.api.operators import give_role
from tests.checked_plans import check_plans
from tests.clients import Client, Person
from tests.conftest import Dsns, fresh_copy
from tests.fuzz import answers
from tests.fuzz.documents import Made
from tests.fuzz.pool import Pool
from tests.fuzz.rounds import Round, reported, rounds
from tests.people import HOME, PASSWORD, SECRET, Owner, made
from tests.serving.connections.raw_http import Peer, Raw, raw

SCHEMA = schema._schema
USERNAMES = ("ada", "bob", "olga")
MAX_CPU_SECONDS = 1.0
"""The most processor time of this thread for one request, with the test's own part. Not a limit of elapsed time."""

NOT_COUNTED = (
    *(
        "outgoing_mails",
        "sessions",
        "refresh_tokens",
        "throttles",
        "sign_in_turns",
        "sign_in_lanes",
        "known_addresses",
    ),
)
"""Tables that change in the background, or when somebody signs in or is refused."""

TABLES = "select tablename from pg_tables where schemaname = 'public' order by 1"
BOOKS = """select md5((select coalesce(string_agg(e::text, ';' order by e::text), '') from ledger_entries e)
    || (select string_agg(id || ' ' || posted || ' ' || sequence, ';' order by id) from ledger_accounts))"""


class Errors(logging.Handler):
    """The log records that a request must not cause."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.exc_info:
            self.records.append(self.format(record))


@dataclass
class Fuzzed:
    """The server of a round."""

    client: Client
    http: Raw
    owner: Owner
    dsns: Dsns
    pool: Pool
    errors: Errors
    people: dict[str, Person] = field(default_factory=dict)
    _peer: Peer | None = None

    async def sign_in(self, username: str) -> None:
        """Signs in a user again, after a mutation ended the session. Somebody whose wallet is closed stays away."""
        services, pool = self.client.services, self.pool
        for password in pool.passwords:
            try:
                admission = await sign_in(services.identity, username, password, address=HOME, user_agent=None)
            except Refusal:
                continue
            self.people[username] = Person(username, admission.tokens.access_token, admission.tokens.refresh_token)
            return

    async def send(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """Sends one request on a connection that stays open, and checks the processor time of its answer."""
        if self._peer is None or self._peer.reader.at_eof():
            self._peer = await self.http.peer()
        began = time.thread_time()
        await self._peer.send(data)
        answer = await self._peer.answer(30)
        spent = time.thread_time() - began
        assert spent < MAX_CPU_SECONDS, f"{spent:.2f} s of processor time"
        if answer[1].get("connection") == "close":
            await self._peer.close()
            self._peer = None
        return answer

    async def post(self, body: dict[str, Any], username: str | None) -> dict[str, Any]:
        """Sends a document. Returns the response, whose form is checked."""
        content = json.dumps(body).encode()
        status, _, answer = await self.send(request(content, self.people[username].token if username else None))
        assert status in (200, 400, 413), (status, answer)  # 400: a lone surrogate, or a number of over 64 bits
        response = answers.parsed(answer)
        # Of two audits at once, one is refused as busy.
        answers.check_response(response, may_be_busy=body["query"].count("audit") > 1)
        assert isinstance(response, dict)
        return response

    async def ask(self, made_document: Made, username: str | None) -> dict[str, Any]:
        """Sends a document. Returns the response, whose form and data are checked."""
        body = {"query": made_document.text, "variables": made_document.variables}
        response = await self.post(body, username)
        if response.get("data") is not None and not made_document.damaged:
            answers.check_data(SCHEMA, made_document.text, response["data"])
        self.pool.learn(response)
        codes = [error["extensions"]["code"] for error in response.get("errors", ())]
        if username is not None and "UNAUTHENTICATED" in codes:
            await self.sign_in(username)
        return response

    async def books(self) -> str:
        """A checksum of all entries and all posted balances."""
        return str(await self.owner.fetchval(BOOKS))

    async def tables(self) -> dict[str, str]:
        """A checksum of each table whose rows change only by a mutation."""
        return await checksums(self.owner)

    async def end(self) -> None:
        """The laws at the end of a round: the server still answers, its log has no error, the ledger is correct."""
        response = await self.post({"query": "{ __typename }"}, None)
        assert response["data"] == {"__typename": "Query"}
        self.no_errors()
        said = io.StringIO()
        assert await audit.report(self.dsns.server, said) == 0, said.getvalue()

    def no_errors(self) -> None:
        assert not self.errors.records, self.errors.records[:3]


async def checksums(owner: Owner) -> dict[str, str]:
    """A checksum of each table, except those of NOT_COUNTED."""
    names = [name for (name,) in await owner.fetch(TABLES) if name not in NOT_COUNTED]
    parts = [f"(select md5(coalesce(string_agg(t::text, ';' order by t::text), '')) from {name} t)" for name in names]
    return dict(zip(names, await owner.fetchrow(f"select {', '.join(parts)}") or (), strict=True))


def request(body: bytes, token: str | None = None, *headers: bytes, path: bytes = b"/graphql") -> bytes:
    """A POST with that body."""
    lines = [b"POST %s HTTP/1.1" % path, b"Host: here", b"Content-Type: application/json"]
    lines += [b"Content-Length: %d" % len(body), b"x-pocketpay-cost: 0"]
    if token is not None:
        lines.append(b"Authorization: Bearer " + token.encode())
    return b"\r\n".join([*lines, *headers, b"", body])


@contextmanager
def watched_log() -> Iterator[Errors]:
    """Collects the errors of all logs."""
    handler, root = Errors(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)


@asynccontextmanager
async def serving(dsns: Dsns, round: Round, *, populate: bool = True, **limits: Any) -> AsyncIterator[Fuzzed]:
    """Runs a server on that database for a round. `limits` are those of a connection."""
    app = create_app(made(), server_dsn=dsns.server, secret_keys=SECRET)
    check_plans(app.state.server_context.execution)
    pool = Pool(round.chance, passwords=[PASSWORD], usernames=[*USERNAMES, "nobody_here"])
    with watched_log() as errors:
        async with (
            app.router.lifespan_context(app),
            raw(responder=app.state.responder, other=app, body_bytes=327_680, **limits) as http,
        ):
            owner = await asyncpg.connect(dsns.owner)
            try:
                fuzzed = Fuzzed(Client(app, None), http, owner, dsns, pool, errors)  # type: ignore[arg-type]
                for username in USERNAMES:
                    fuzzed.people[username] = await fuzzed.client.sign_up(
                        username, raw_email=f"{username}@example.com"
                    )
                await give_role(fuzzed.client.services.database, "olga")
                if populate:
                    await _populate(fuzzed)
                yield fuzzed
                await fuzzed.end()
            finally:
                await owner.close()


async def _populate(fuzzed: Fuzzed) -> None:
    """Makes one object of each kind, so that there are ids to use."""
    for text, username in (
        ('mutation { deposit(input: {amount: "500.00", bankName: "First", idempotencyKey: "known-key-1"}) '
         "{ transaction { id } errors { code } } }", "ada"),
        ('mutation { transfer(input: {to: "bob", amount: "5.00", description: "x", idempotencyKey: "known-key-2"}) '
         "{ transaction { id } errors { code } } }", "ada"),
        ('mutation { issueCard(input: {label: "x", idempotencyKey: "known-key-3"}) { card { id } errors { code } } }',
         "ada"),
        ('mutation { requestMoney(input: {from: "ada", amount: "3.00", description: "x", '
         'idempotencyKey: "known-key-4"}) { moneyRequest { id } errors { code } } }', "bob"),
        ("{ wallet { id transactions(first: 20) { edges { cursor node { id createdAt } } } "
         "entries(first: 20) { edges { cursor node { id } } } } viewer { id sessions { id } } "
         "moneyRequests(first: 5) { edges { cursor } } }", "ada"),
        ('{ operations { customers(find: "ada") { id userId sessions { id sessionId } wallet { id walletId '
         "transactions(first: 5) { edges { cursor node { id } } } } } } }", "olga"),
    ):  # fmt: skip
        response = await fuzzed.post({"query": text}, username)
        assert "errors" not in response, response
        fuzzed.pool.learn(response)
    fuzzed.pool.keys += ["known-key-1", "known-key-2"]
    confirm = "mutation ($id: ID!) { confirmTransfer(id: $id) { errors { code } } }"
    for id in [id for id in fuzzed.pool.ids if id.startswith("transaction_")]:
        await fuzzed.post({"query": confirm, "variables": {"id": id}}, "ada")


def play(
    postgres: EmbeddedPostgres,
    name: str,
    walk: Callable[[Fuzzed, Round], Awaitable[None]],
    *,
    cases: int,
    **limits: Any,
) -> None:
    """Runs the rounds of a test, each with a database and a server of its own, on the event loop of the product."""

    async def one(dsns: Dsns, round: Round) -> None:
        async with serving(dsns, round, **limits) as fuzzed:
            await walk(fuzzed, round)

    for round in rounds(name, cases=cases):
        with (
            fresh_copy(postgres) as dsns,
            reported(round),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(one(dsns, round))
