"""A whole server on its own port, in the process and the event loop of the test."""

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
from pocketpay.serving.connections.protocol import protocol_of
from pocketpay.transactions.transaction import Transaction
from tests import people
from tests.updates.waiting import until

NO_CONFIRMATION = {"large_transfer_action": "off", "new_recipient_action": "off", "rapid_transfer_action": "off"}
"""Settings under which no payment waits for confirmation."""


@dataclass(frozen=True)
class LiveServer:
    """The URL of a running server, and its services."""

    url: str
    services: Services

    async def arrive(self, username: str) -> Admission:
        """Signs up a new user, with a welcome bonus of 100.00."""
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
        """Makes a transfer. To a new recipient it waits for confirmation, unless the settings change that."""
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
    """Runs a server on a database. Two of them act as two servers."""
    application = create_app(people.made(**overrides), server_dsn=dsn, secret_keys=people.SECRET)
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        application,
        http=protocol_of(application.state.connections, application.state.responder),
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
