"""Kills between creation and answer: a real server and a stand-in, each a process of its own.

A round: a customer gives an order; the stand-in carries it out and keeps back its answer; then the server, the
stand-in or both are killed with SIGKILL and started again. The customer repeats the order with its key. In the end
every order must have been carried out once, and the books must agree with the stand-in's total.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.bank_faults.walk import BANK, DUE
from tests.e2e import customer as customers
from tests.e2e import processes
from tests.e2e.customer import Customer
from tests.e2e.processes import Installation, Running
from tests.patience import PATIENCE_SECONDS
from tests.stripe_stand_in import processes as stand_ins
from tests.stripe_stand_in.processes import StandInProcess
from tests.stripe_stand_in.stand_in import KEY, WEBHOOK_SECRET

HELD_SECONDS = 4.0
"""How long the stand-in keeps back an answer: long enough for a kill."""

FUNDS = "500.00"

ROUNDS = [
    ("withdrawal", "transfer", "POST /v1/transfers", "both"),
    ("deposit", "payment_intent", "POST /v1/payment_intents", "server"),
    ("deposit", "payment_intent", "POST /v1/payment_intents", "stand-in"),
    ("withdrawal", "payout", "POST /v1/payouts", "server"),
    ("withdrawal", "transfer", "POST /v1/transfers", "stand-in"),
    ("withdrawal", "payout", "POST /v1/payouts", "stand-in"),
    ("deposit", "payment_intent", "POST /v1/payment_intents", "both"),
    ("withdrawal", "transfer", "POST /v1/transfers", "server"),
    ("withdrawal", "payout", "POST /v1/payouts", "both"),
]
"""(order, object, request whose answer is kept back, what is killed)"""

LINK = """mutation ($use: BankUse!, $key: String!) { linkBankAccount(input: { use: $use, idempotencyKey: $key }) {
    url bankAccount { id status } errors { code } } }"""
DEPOSIT = """mutation ($id: ID!, $amount: Amount!, $key: String!) {
    deposit(input: { amount: $amount, bankAccountId: $id, idempotencyKey: $key }) {
        transaction { id status } errors { code } } }"""
WITHDRAW = DEPOSIT.replace("deposit(", "withdraw(")
ACCOUNTS = "{ bankAccounts(first: 5) { nodes { status } } }"
STATUS = "query ($id: ID!) { transaction(id: $id) { status } }"


@dataclass
class Site:
    """One server, one stand-in, one customer with two linked bank accounts."""

    installation: Installation
    folder: Path
    database: Any
    server: Running
    bank: StandInProcess
    stack: AsyncExitStack
    who: Customer | None = None
    links: dict[str, str] = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    bank_before: int = 0

    @property
    def customer(self) -> Customer:
        assert self.who is not None
        return self.who

    async def prepare(self) -> None:
        """Signs up a customer, links two bank accounts on the hosted pages, and pays something in."""
        self._connect_webhook()
        self.bank_before = int(await self.database.fetchval(BANK))
        self.who = await customers.sign_up(await self.stack.enter_async_context(customers.at(self.server.url)))
        for way, use, page in (("deposit", "DEPOSIT", "checkout"), ("withdrawal", "WITHDRAWAL", "onboarding")):
            linked = await self.who.ask(LINK, use=use, key=customers.key())
            assert linked["errors"] == []
            assert f"/hosted/{page}/" in linked["url"]
            self.links[way] = linked["bankAccount"]["id"]
            async with httpx.AsyncClient(trust_env=False) as browser:
                assert (await browser.post(linked["url"], data={"outcome": "finished"})).status_code == 303
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._are_active():  # noqa: ASYNC110 (another process does it)
                await asyncio.sleep(0.05)
        await self._completed(await self._order("deposit", FUNDS, customers.key()))
        self.given["deposit"] += 1

    async def round(self, way: str, kind: str, request: str, killed: str) -> None:
        """One kill between creation and answer."""
        before, key = self._objects(kind), customers.key()
        self.bank.control("POST", "faults", {"fault": "delay_answer", "match": request, "seconds": HELD_SECONDS})
        asked = asyncio.create_task(self._order(way, "7.00", key))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._objects(kind) == before:  # noqa: ASYNC110 (another process does it)
                await asyncio.sleep(0.02)
        self.unanswered += not asked.done()
        await self._kill(killed)
        await asyncio.gather(asked, return_exceptions=True)
        await self._completed(await self._until_answered(way, key))
        self.given[way] += 1
        assert self._objects(kind) == before + 1, f"{way} was carried out twice"

    async def compare(self) -> None:
        """Compares the books, the stand-in's total and the orders."""
        total = self.bank.control("GET", "total")
        assert total["is_conserved"]
        assert total["open"] == {}
        booked = self.bank_before - int(await self.database.fetchval(BANK))
        assert total["currencies"]["usd"]["bank"] == booked
        assert self._objects("payment_intent") == self.given["deposit"]
        assert self._objects("transfer") == self._objects("payout") == self.given["withdrawal"]
        assert self._objects("customer") == self._objects("account") == 1
        expected = int(float(FUNDS) * 100) + 700 * (self.given["deposit"] - 1 - self.given["withdrawal"])
        assert await self.customer.available() == f"{expected / 100:.2f}", expected
        audit = await asyncio.to_thread(self.installation.run, "audit")
        assert audit.returncode == 0, audit.stdout

    async def _are_active(self) -> bool:
        return {one["status"] for one in (await self.customer.ask(ACCOUNTS))["nodes"]} == {"ACTIVE"}

    async def _order(self, way: str, amount: str, key: str) -> str:
        """Sends an order, and returns its id."""
        document = DEPOSIT if way == "deposit" else WITHDRAW
        answer = await self.customer.ask(document, id=self.links[way], amount=amount, key=key)
        assert answer["errors"] == []
        return str(answer["transaction"]["id"])

    async def _until_answered(self, way: str, key: str) -> str:
        """Repeats an order with its key until a server answers."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await self._order(way, "7.00", key)
                except (httpx.TransportError, AssertionError):
                    await asyncio.sleep(0.1)

    async def _completed(self, id: str) -> None:
        """Waits until the order is completed: minutes pass, the bank settles, and events arrive."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.customer.ask(STATUS, id=id))["status"] != "COMPLETED":
                for statement in DUE:
                    await self.database.execute(statement)
                self.bank.control("POST", "settle_all")
                await asyncio.sleep(0.2)

    def _objects(self, kind: str) -> int:
        return int(self.bank.control("GET", "counts")["objects"].get(kind, 0))

    def _connect_webhook(self) -> None:
        self.bank.control("POST", "webhook", {"url": f"{self.server.url}/webhooks/stripe", "secret": WEBHOOK_SECRET})

    async def _kill(self, killed: str) -> None:
        """Kills and starts again, on the same ports."""
        if killed in ("server", "both"):
            self.server.kill()
        if killed in ("stand-in", "both"):
            self.bank.kill()
            port = int(self.bank.url.rpartition(":")[2])
            self.bank = self.stack.enter_context(stand_ins.process(self.folder, port=port))
        if killed in ("server", "both"):
            port_of_server = self.server.url.rpartition(":")[2]
            self.server = await asyncio.to_thread(self.installation.start, PORT=port_of_server)
        self._connect_webhook()


@asynccontextmanager
async def site(folder: Path, data: Path) -> AsyncIterator[Site]:
    """Starts a stand-in, and a server with a copy of the data directory `data`, in a folder that exists."""
    async with AsyncExitStack() as stack:
        bank = stack.enter_context(stand_ins.process(folder))
        settings = {
            "WELCOME_BONUS": "0",
            "PUBLIC_URL": "http://127.0.0.1:8000/app",
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": bank.url,
            "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        }
        installation = stack.enter_context(processes.installation(folder / "server", data, **settings))
        server = await asyncio.to_thread(installation.start)
        # It is used by this process too, so that it outlives a killed server.
        postgres = EmbeddedPostgres(installation.data)
        await asyncio.to_thread(postgres.start)
        stack.push_async_callback(asyncio.to_thread, postgres.stop)
        database = await asyncpg.connect(postgres.owner_dsn)
        stack.push_async_callback(database.close)
        made = Site(installation, folder, database, server, bank, stack)
        await made.prepare()
        yield made
