"""Customers who look at their wallets all the time: what they were shown once must stay."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.customer import Customer

SHOWN = "{ wallet { version } transactions(first: 20) { nodes { id status } } }"


@dataclass
class Watcher:
    """One customer, who asks each of the servers in turn, and writes down what must not vanish."""

    customer: Customer
    servers: Sequence[httpx.AsyncClient]
    completed: set[str] = field(default_factory=set)
    version: int = 0
    looks: int = 0
    broken: list[str] = field(default_factory=list)

    async def watch(self) -> None:
        while True:
            for server in self.servers:
                with contextlib.suppress(httpx.TransportError):
                    self._read(await self.customer.post(SHOWN, at=server))
                await asyncio.sleep(0.05)

    def _read(self, answer: Any) -> None:
        if "errors" in answer:
            codes = {error["extensions"]["code"] for error in answer["errors"]}
            if codes != {"SERVICE_BUSY"}:
                self.broken.append(str(answer))
            return
        self.looks += 1
        version = answer["data"]["wallet"]["version"]
        if version < self.version:
            self.broken.append(f"{self.customer.username}: version {version} was shown after {self.version}")
        self.version = version
        nodes = answer["data"]["transactions"]["nodes"]
        self.completed |= {node["id"] for node in nodes if node["status"] == "COMPLETED"}


@asynccontextmanager
async def watching(customers: Sequence[Customer], *servers: httpx.AsyncClient) -> AsyncIterator[list[Watcher]]:
    """Watches until the block ends."""
    watchers = [Watcher(customer, servers) for customer in customers]
    tasks = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    try:
        yield watchers
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
