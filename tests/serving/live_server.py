"""A whole server on a port of its own, in the test's own process and event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids
import uvicorn

from pocketpay.api.context import Services
from pocketpay.app import create_app
from pocketpay.cli.listening import listen, url_of
from pocketpay.identity.services import Admission
from pocketpay.payments import cancel, confirm, deposit, transfer
from pocketpay.transactions.transaction import Transaction
from tests import people
from tests.updates.waiting import until

UNASKED = {"large_transfer_action": "off", "new_recipient_action": "off", "rapid_transfer_action": "off"}
"""Settings under which no payment awaits an answer."""


@dataclass(frozen=True)
class LiveServer:
    """Its address, and the rooms behind it."""

    url: str
    services: Services

    async def arrive(self, username: str) -> Admission:
        """Somebody new, with a welcome bonus of 100.00."""
        return await people.arrive(self.services.identity, username)

    async def deposit(self, whose: Admission, amount: str) -> Transaction:
        answer = await deposit.deposit(
            self.services.desk,
            whose.viewer.wallet_id,
            raw_amount=amount,
            raw_bank_name="First Bank",
            raw_key=uuids.uuid7().hex,
        )
        return answer.transaction

    async def send(self, whose: Admission, to: str, amount: str) -> Transaction:
        """A transfer: to somebody new it awaits an answer, unless the settings say otherwise."""
        answer = await transfer.transfer(
            self.services.desk,
            whose.viewer.wallet_id,
            raw_to=to,
            raw_amount=amount,
            raw_description="Lunch",
            raw_key=uuids.uuid7().hex,
        )
        return answer.transaction

    async def confirm(self, whose: Admission, id: UUID) -> Transaction:
        return (await confirm.confirm(self.services.desk, whose.viewer.wallet_id, id)).transaction

    async def cancel(self, whose: Admission, id: UUID) -> Transaction:
        return (await cancel.cancel(self.services.desk, whose.viewer.wallet_id, id)).transaction


@asynccontextmanager
async def live(dsn: str, **overrides: object) -> AsyncIterator[LiveServer]:
    """A server on that database; two of them are two servers."""
    application = create_app(people.made(**overrides), server_dsn=dsn, secret_key=people.SECRET)
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve(sockets=[listening]))
    await until(lambda: server.started or running.done())
    try:
        yield LiveServer(url_of(listening), application.state.server_context.services)
    finally:
        server.should_exit = True
        await running
