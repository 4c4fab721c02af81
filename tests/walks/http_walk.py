"""A walk over HTTP: the customers of a model send their orders to several servers of one database.

After each order, what the response shows must be what the model expects: states, refusals, and the wallet's balance,
held amount and version. A response that does not arrive is no error: the order is sent again, mostly to another
server, until it is answered. So a walk can run while servers and PostgreSQL are killed. Some orders are sent to two
servers at once.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

import httpx
from typeid import TypeID

from tests.e2e.customer import SIGN_UP
from tests.model import orders as model_orders
from tests.model.model import Model
from tests.model.orders import Order, Reply
from tests.model.store import Rules, Wallet
from tests.people import PASSWORD
from tests.walks.history import History
from tests.walks.http_customer import HttpCustomer
from tests.walks.requests import Request, Requests
from tests.walks.responses import Seen, seen_in

PEOPLE = {"ada": "USD", "bob": "USD", "cyd": "USD", "dan": "USD", "yui": "JPY"}

RULES = Rules(daily_limits={"deposit": 50_000, "withdrawal": 4_000, "transfer": 10_000}, max_requests_a_day=200)
"""The model's usual rules, with limits that last for a whole walk, because no day passes in it."""

SETTINGS = {
    "CURRENCIES": "USD,JPY",
    "WELCOME_BONUS": "0",
    "LARGE_TRANSFER_THRESHOLD": "USD:0.50,JPY:50",
    "DEPOSIT_LIMIT": "USD:500.00,JPY:50000",
    "WITHDRAWAL_LIMIT": "USD:40.00,JPY:4000",
    "TRANSFER_LIMIT": "USD:100.00,JPY:10000",
    "RAPID_TRANSFER_COUNT": "5",
    "PENDING_TRANSFERS": "4",
    "OPEN_REQUESTS": "2",
    "REQUESTS_PER_DAY": "200",
    "CARDS_PER_WALLET": "2",
    "ACCESS_TOKEN_EXPIRE_MINUTES": "60",
}
"""The settings of a server with those rules."""

TWICE = 0.1
"""The probability that an order is sent to two servers at once."""

PAUSE_SECONDS = 0.1
ANSWER_SECONDS = 240.0
"""An order is answered within this time, however often the servers are killed meanwhile."""


class Answered(Protocol):
    """A response."""

    def json(self) -> Any: ...


class Server(Protocol):
    """A client of one server. It raises httpx.TransportError when there is no answer."""

    async def post(self, path: str, *, json: Any, headers: dict[str, str]) -> Answered: ...


Servers = Callable[[], Sequence[Server]]


@dataclass
class HttpWalk:
    """A walk of new customers. `servers` returns clients of the servers as they are now; `operator` is the access
    token of an operator."""

    name: str
    chance: random.Random
    servers: Servers
    operator: str
    history: History = field(default_factory=History)
    orders: int = 0
    ids: dict[UUID, UUID] = field(default_factory=dict)

    async def prepare(self) -> None:
        """Signs up the customers."""
        self.model = Model({name: Wallet(currency) for name, currency in PEOPLE.items()}, rules=replace(RULES))
        self.customer = HttpCustomer(self.chance, self.model)
        self.tokens: dict[str, str] = {}
        self.wallets: dict[str, UUID] = {}
        usernames = {}
        for name, currency in PEOPLE.items():
            usernames[name], self.tokens[name], self.wallets[name] = await self._sign_up(name, currency)
            self.history.wallets.add(self.wallets[name])
        self.requests = Requests(usernames, PEOPLE, self.ids)

    async def run(self, steps: int, is_over: Callable[[], bool]) -> None:
        """Sends that many orders, or fewer if `is_over`, and at the end closes a wallet that is empty."""
        for step in range(steps):
            if is_over():
                break
            await self.step((self.name, step))
        await self.close_a_wallet()

    async def step(self, where: object) -> None:
        """Sends one order, and compares the response with the model."""
        await self.send(self.customer.order(), where)

    async def close_a_wallet(self) -> None:
        for name in PEOPLE:
            await self.send(model_orders.CloseWallet(name, proven=True), (self.name, "closing"))
            if self.model.wallets[name].state == "closed":
                return  # the sweeper ends the requests of a closed wallet at any time from now on

    async def send(self, order: Order, where: object) -> None:
        first, again = self._expected(order)
        request = self.requests.of(order)
        key = request.variables["input"].get("idempotencyKey") if "input" in request.variables else None
        tried = None if key is None else self.history.tries(self.wallets[order.who], key)
        seen, repeated = await self._answers(order, request)
        self.orders += 1
        for one in seen:
            # The answer to the first of several attempts may be lost, so any of them may be the one that did it.
            right = one.agrees_with(first) or (repeated and self._agrees(one, again))
            assert right, (where, order, one, first, again)
            self._learn(one, first, (where, order))
            if tried is not None:
                tried.acknowledged(one.ids) if one.ids else tried.was_refused()

    # ------------------------------------------------------------ what the model expects

    def _expected(self, order: Order) -> tuple[Reply, Reply | None]:
        """Returns the replies to the order, and to the same order once more. None: the server no longer knows the
        customer."""
        first = self._carry_out(order)
        if isinstance(order, model_orders.CloseWallet):
            return first, None if first.facts == ("closed",) else first
        if isinstance(order, model_orders.Reverse):
            return first, first._replace(replayed=True) if first.things else first
        return first, self._carry_out(order)

    def _carry_out(self, order: Order) -> Reply:
        (reply,) = self.model.together([order])
        if not isinstance(order, model_orders.Deposit | model_orders.Withdraw):
            return reply
        payment = self.model.payments.get(order.id)
        if payment is None or payment.status != "created":
            return reply
        return self.model.process(model_orders.BankAnswer(order.who, order.id, yes=True))  # it settles immediately

    @staticmethod
    def _agrees(seen: Seen, expected: Reply | None) -> bool:
        return seen.why == "UNAUTHENTICATED" if expected is None else seen.agrees_with(expected)

    def _learn(self, seen: Seen, expected: Reply, where: object) -> None:
        """Learns the ids of new objects. An object that has an id keeps it."""
        for (id, _), its in zip(expected.things, seen.ids, strict=False):
            assert self.ids.setdefault(id, its) == its, where

    # ------------------------------------------------------------ sending

    async def _answers(self, order: Order, request: Request) -> tuple[list[Seen], bool]:
        """Returns the answers, and whether the order was sent more than once."""
        token = self.operator if request.by_operator else self.tokens[order.who]
        servers = self.servers()
        repeated = len(servers) > 1 and self.chance.random() < TWICE
        ask = [self._ask(server, request, token) for server in self.chance.sample(servers, 1 + repeated)]
        answers = [one for one in await asyncio.gather(*ask) if one is not None and not _is_unsettled(order, one)]
        if answers:
            return answers, repeated
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                await asyncio.sleep(PAUSE_SECONDS)
                answer = await self._ask(self.chance.choice(self.servers()), request, token)
                if answer is not None and not _is_unsettled(order, answer):
                    return [answer], True

    async def _ask(self, server: Server, request: Request, token: str) -> Seen | None:
        """Returns the answer, or None when there is none or the server is busy."""
        data = await self.post(server, request.document, request.variables, token)
        if data is None:
            return None
        if "code" in data:
            return Seen((), (), data["code"], None, None, (), None)
        return seen_in(data["answer"] if "answer" in data else data["operations"]["answer"])

    async def post(
        self, server: Server, document: str, variables: dict[str, Any], token: str | None
    ) -> dict[str, Any] | None:
        """Returns the data of the response; the code of an error that is not data; or None without an answer."""
        self.history.counts["requests"] += 1
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            response = await server.post(
                "/graphql", json={"query": document, "variables": variables}, headers=headers
            )
        except httpx.TransportError as error:
            self.history.counts[type(error).__name__] += 1
            return None
        body = response.json()
        codes = {error["extensions"]["code"] for error in body.get("errors", [])}
        if codes == {"SERVICE_BUSY"}:
            self.history.counts["SERVICE_BUSY"] += 1
            return None
        if codes:
            assert codes == {"UNAUTHENTICATED"}, body
            self.history.counts["answers"] += 1
            return {"code": "UNAUTHENTICATED"}
        self.history.counts["answers"] += 1
        data: dict[str, Any] = body["data"]
        return data

    async def _sign_up(self, name: str, currency: str) -> tuple[str, str, UUID]:
        """Signs up a new user. A lost answer may have been a success, so it tries again with another username."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                username = f"{name}_{self.chance.getrandbits(64):016x}"
                form = {"username": username, "name": name.title(), "password": PASSWORD, "currency": currency}
                server = self.chance.choice(self.servers())
                data = await self.post(server, SIGN_UP, {"input": form}, None)
                if data is not None:
                    answer = data["signUp"]
                    assert answer["errors"] == [], answer
                    wallet = TypeID.from_string(answer["user"]["wallet"]["id"])
                    return username, answer["tokens"]["accessToken"], UUID(bytes=wallet.uuid_bytes)
                await asyncio.sleep(PAUSE_SECONDS)


def _is_unsettled(order: Order, seen: Seen) -> bool:
    """Returns whether that is a replay of an order which the bank has not settled yet: the server that accepted it
    was killed, or is settling it now. The sweeper polls the bank later."""
    bank = isinstance(order, model_orders.Deposit | model_orders.Withdraw)
    return bank and seen.states == ("created",)
