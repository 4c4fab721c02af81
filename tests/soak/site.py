"""Two servers on one PostgreSQL: the first embeds it and restarts it when it ends, the second reaches it through a
line that can lose replies and go silent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.onboarding.demo import OPERATOR
from pocketpay.onboarding.demo import PASSWORD as DEMO_PASSWORD
from tests.e2e.customer import SIGN_IN
from tests.e2e.processes import Installation, Running
from tests.faults import Line, faulty_line
from tests.soak.lean_client import LeanClient
from tests.walks.http_walk import SETTINGS

SECRET = "a key for tests, thirty-two bytes or more"

CLIENT_SECONDS = 120.0
"""A client waits this long. No fault keeps a server from answering for so long, and a busy machine may be slow."""

TRIES = 5


@dataclass
class Site:
    """The servers as they are now. `postgres` is the harness's own way to the same cluster."""

    installation: Installation
    postgres: EmbeddedPostgres
    line: Line
    line_dsn: str
    clients: list[LeanClient] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    operator: str = ""

    def servers(self) -> Sequence[LeanClient]:
        return self.clients

    async def restart(self, number: int) -> None:
        """Starts that server again, on the port that it had. While PostgreSQL recovers, the second one may refuse to
        start, so it is started again."""
        port = self.running[number].url.rpartition(":")[2]
        for left in reversed(range(TRIES)):
            try:
                self.running[number] = await asyncio.to_thread(self._start, number, port)
            except AssertionError:
                if not left:
                    raise
                await asyncio.sleep(1)
            else:
                return

    def _start(self, number: int, port: str) -> Running:
        through = {"DATABASE_URL": self.line_dsn, "ENVIRONMENT": "development"} if number == 1 else {}
        return self.installation.start(PORT=port, **through)

    async def open(self, open_: AsyncExitStack) -> None:
        """Starts both servers, and signs in an operator."""
        for number in range(2):
            self.running.append(await asyncio.to_thread(self._start, number, "0"))
        for one in self.running:
            self.clients.append(LeanClient(one.url, CLIENT_SECONDS))
            open_.callback(self.clients[-1].close)
        form = {"login": OPERATOR, "password": DEMO_PASSWORD}
        body = {"query": SIGN_IN, "variables": {"input": form}}
        signed_in = (await self.clients[0].post("/graphql", json=body, headers={})).json()["data"]["signIn"]
        self.operator = signed_in["tokens"]["accessToken"]

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Opens a connection as the owner, when PostgreSQL answers again after the last fault."""
        async with asyncio.timeout(CLIENT_SECONDS):
            while True:
                try:
                    return await asyncpg.connect(self.postgres.owner_dsn)
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.1)

    def backends(self) -> list[int]:
        """Returns the process ids of the servers' connections."""
        return [pid for pid in self.installation.postgres() if b": pocketpay pocketpay" in _title(pid)]

    def kill(self, number: int) -> None:
        self.running[number].process.kill()

    async def wait(self, number: int) -> None:
        """Waits until that server's process has ended."""
        await asyncio.to_thread(self.running[number].process.wait, CLIENT_SECONDS)


def _title(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@asynccontextmanager
async def site(installation: Installation) -> AsyncIterator[Site]:
    """Opens a site, and stops its servers at the end."""
    installation.settings.update(SETTINGS, SECRET_KEY=SECRET)
    postgres = EmbeddedPostgres(installation.data)
    async with AsyncExitStack() as open_:
        await asyncio.to_thread(postgres.start)
        open_.push_async_callback(asyncio.to_thread, postgres.stop)
        folder = installation.folder / "line"
        folder.mkdir()
        line, dsn = await open_.enter_async_context(faulty_line(postgres.server_dsn, folder))
        made = Site(installation, postgres, line, dsn)
        await made.open(open_)
        yield made
        for one in made.running:
            assert await asyncio.to_thread(one.stop, CLIENT_SECONDS) == 0
