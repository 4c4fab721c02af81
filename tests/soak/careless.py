"""Customers who send each request once: what is not answered they never learn. Their keys show that an unanswered
request happens once or not at all."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.walks.http_walk import HttpWalk
from tests.walks.requests import DEPOSIT, TRANSFER
from tests.walks.responses import seen_in

PAUSE_SECONDS = 0.05


@dataclass
class Careless:
    """Customers of a walk, without a model."""

    walk: HttpWalk
    sent: int = 0

    async def run(self, done: Callable[[], bool]) -> None:
        """Sends requests of all customers, one after another for each, until `done`."""
        await self.walk.prepare()
        names = [name for name, currency in self.walk.requests.currencies.items() if currency == "USD"]
        await asyncio.gather(*(self._requests_of(name, names, done) for name in names))

    async def _requests_of(self, name: str, names: list[str], done: Callable[[], bool]) -> None:
        chance = random.Random(f"{self.walk.name} {name}")
        while not done():
            await self._send_once(name, chance.choice([one for one in names if one != name]), chance)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _send_once(self, name: str, to: str, chance: random.Random) -> None:
        walk, key = self.walk, f"{chance.getrandbits(128):032x}"
        input = {"amount": f"0.{chance.randint(1, 60):02}", "idempotencyKey": key}
        document = DEPOSIT if chance.random() < 0.4 else TRANSFER
        more = {"bankName": "First Bank"} if document is DEPOSIT else {"to": walk.requests.usernames[to]}
        tried = walk.history.tries(walk.wallets[name], key)
        server = chance.choice(walk.servers())
        data = await walk.post(server, document, {"input": input | more}, walk.tokens[name])
        self.sent += 1
        if data is not None:
            seen = seen_in(data["answer"])
            tried.acknowledged(seen.ids) if seen.ids else tried.was_refused()
