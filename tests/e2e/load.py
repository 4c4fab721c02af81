"""Clients that move money without pause, and a record of their orders and the answers.

Each order is recorded before it is sent (the try) and updated with its answer (the acknowledgement). An order
without an answer is retried with the same key until it has one. Then the record determines what the books must hold.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.customer import CANCEL, CONFIRM, DEPOSIT, PATIENCE_SECONDS, TRANSFER, Customer, at, key, sign_up

SETTINGS = {
    "LARGE_TRANSFER_THRESHOLD": "10.00",
    "NEW_RECIPIENT_ACTION": "off",
    "RAPID_TRANSFER_ACTION": "off",
    "DEPOSIT_LIMIT": "10000000000.00",
    "TRANSFER_LIMIT": "10000000000.00",
    "ACCESS_TOKEN_EXPIRE_MINUTES": "60",
}
"""Payments above 10.00 need a confirmation; payments below it do not."""

HANG_SECONDS = 12.0
"""Every request is answered or fails within this time."""

PAUSE_SECONDS = 0.1
"""The pause after a request without an answer."""

FUNDS_MINOR = 10_000_000
BONUS_MINOR = 10_000


@dataclass(eq=False)
class Order:
    """One order of a customer: a deposit if `to` is None, otherwise a payment, confirmed or cancelled if held."""

    by: int
    to: int | None
    minor: int
    confirm: bool = True
    key: str = field(default_factory=key)
    id: str | None = None
    status: str | None = None

    @property
    def is_done(self) -> bool:
        return self.status in ("COMPLETED", "CANCELLED")


@dataclass
class Load:
    """Customers of the server at `url`, their orders, and the violations that were found.

    While the server `is_starting` it listens but does not answer yet: a request then waits as long as the start
    takes.
    """

    url: str
    clients: int = 16
    pause_seconds: float = 0.0
    """The pause of a client between its orders."""

    orders: list[Order] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    wallets: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    is_starting: bool = False
    last_answer: float = 0.0
    _chance: random.Random = field(default_factory=lambda: random.Random(1))
    _stopping: bool = False

    async def open(self) -> None:
        """Signs up all customers, and makes a deposit for each."""
        self._http = at(self.url, connections=4 * self.clients)
        self.customers = [await sign_up(self._http) for _ in range(self.clients)]
        for customer in self.customers:
            self.wallets.append((await customer.ask("{ wallet { id } }"))["id"])
        funds = [Order(by, None, FUNDS_MINOR) for by in range(self.clients)]
        self.orders.extend(funds)
        await asyncio.gather(*(self.submit(order) for order in funds))

    async def close(self) -> None:
        await self._http.aclose()

    async def run(self) -> None:
        """Sends orders of all customers, one after another for each, until `stop`."""
        self._stopping = False
        await asyncio.gather(*(self._orders_of(by) for by in range(self.clients)))

    def stop(self) -> None:
        self._stopping = True

    async def settle(self, seconds: float = 40) -> int:
        """Retries every order that is not done, with the same key. Returns their number."""
        left = [order for order in self.orders if not order.is_done]
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(self._until_done(order) for order in left))
        return len(left)

    def balances_minor(self) -> list[int]:
        """Returns the balance that each wallet must have when every order is done."""
        balances = [BONUS_MINOR] * self.clients
        for order in self.orders:
            if order.status == "COMPLETED":
                if order.to is None:
                    balances[order.by] += order.minor
                else:
                    balances[order.by] -= order.minor
                    balances[order.to] += order.minor
        return balances

    async def submit(self, order: Order) -> None:
        """Sends the order, and confirms or cancels it if it is held."""
        if order.id is None or order.status == "CREATED":
            await self._send(order, *self._document(order))
        if order.status == "PENDING_CONFIRMATION":
            await self._send(order, CONFIRM if order.confirm else CANCEL, {"id": order.id})

    # ------------------------------------------------------------ inside

    async def _orders_of(self, by: int) -> None:
        while not self._stopping:
            order = self._anything(by)
            self.orders.append(order)
            await self.submit(order)
            if pause := self.pause_seconds if order.is_done else PAUSE_SECONDS:
                await asyncio.sleep(pause)

    def _anything(self, by: int) -> Order:
        kind, chance = self._chance.random(), self._chance
        if kind < 0.1:
            return Order(by, None, chance.randint(1, 500))
        to = (by + chance.randint(1, self.clients - 1)) % self.clients
        if kind < 0.25:
            return Order(by, to, chance.randint(1_001, 2_000), confirm=chance.random() < 0.7)
        everybodys = 1 if by == 0 else 0
        return Order(by, to if kind < 0.8 else everybodys, chance.randint(1, 1_000))

    async def _until_done(self, order: Order) -> None:
        while True:
            await self.submit(order)
            if order.is_done or self.broken:
                return
            await asyncio.sleep(5 * PAUSE_SECONDS)

    def _document(self, order: Order) -> tuple[str, dict[str, Any]]:
        input = {"amount": f"{order.minor / 100:.2f}", "idempotencyKey": order.key}
        if order.to is None:
            return DEPOSIT, {"input": input | {"bankName": "First Bank"}}
        return TRANSFER, {"input": input | {"to": self.customers[order.to].username, "description": "Load"}}

    async def _send(self, order: Order, document: str, variables: dict[str, Any]) -> None:
        """Sends it once. The order is updated only if the answer contains its outcome."""
        loop = asyncio.get_running_loop()
        began, patient = loop.time(), self.is_starting
        try:
            response = await self._http.post(
                "/graphql",
                json={"query": document, "variables": variables},
                headers={"Authorization": f"Bearer {self.customers[order.by].token}"},
            )
        except httpx.TransportError as error:
            # A refused connection received no request.
            self.answers["refused" if isinstance(error, httpx.ConnectError) else "nobody there"] += 1
            if isinstance(error, httpx.TimeoutException) and not patient:
                self.broken.append(f"no answer within {PATIENCE_SECONDS} s")
            return
        if not patient:
            self.slowest_seconds = max(self.slowest_seconds, loop.time() - began)
        self._read(order, response)

    def _read(self, order: Order, response: httpx.Response) -> None:
        try:
            answer = response.json()
            codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        except (ValueError, KeyError, AttributeError):
            self.broken.append(f"{response.status_code} without an answer of GraphQL: {response.text[:200]!r}")
            return
        if codes:
            self.answers[codes[0]] += 1
            if codes != ["SERVICE_BUSY"]:
                self.broken.append(response.text)
            return
        (payload,) = answer["data"].values()
        if payload["errors"]:
            self.broken.append(response.text)
            return
        self.answers["replayed" if payload["replayed"] else "done"] += 1
        self.last_answer = asyncio.get_running_loop().time()
        self._mark(order, payload["transaction"])

    def _mark(self, order: Order, transaction: dict[str, Any]) -> None:
        if order.id not in (None, transaction["id"]):
            self.broken.append(f"key {order.key} was answered {order.id} and then {transaction['id']}")
        order.id, order.status = transaction["id"], transaction["status"]
