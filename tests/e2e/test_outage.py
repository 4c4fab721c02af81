"""PostgreSQL stops while a server runs, and returns: the server answers busy, and then recovers by itself."""

import asyncio
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.e2e.customer import BALANCE_CHANGED, SIGN_IN, TRANSFER, WALLET, at, key, sign_up
from tests.e2e.load import HANG_SECONDS
from tests.e2e.processes import NO_CONFIRMATION, Installation, Running
from tests.patience import PATIENCE_SECONDS
from tests.serving.socket_client import socket

SECRET = "a key for tests, thirty-two bytes or more"


@pytest.fixture
def server(installation: Installation, durable: EmbeddedPostgres) -> Iterator[Running]:
    installation.settings.update(NO_CONFIRMATION, SECRET_KEY=SECRET, ENVIRONMENT="development")
    installation.settings.update(DATABASE_URL=durable.server_dsn, DATABASE_OWNER_URL=durable.owner_dsn)
    running = installation.start()
    yield running
    assert running.stop() == 0


async def test_a_server_is_busy_without_postgresql_and_recovers_when_it_returns(
    installation: Installation, server: Running, durable: EmbeddedPostgres
) -> None:
    async with at(server.url) as http:
        ada, bea = await sign_up(http), await sign_up(http)
        async with bea.listening() as ears:
            balance = await ears.subscribe(BALANCE_CHANGED)
            assert (await balance.next())["available"]["amount"] == "100.00"
            await asyncio.to_thread(durable.stop)

            assert (await http.get("/healthz")).status_code == 200
            assert (await http.get("/readyz")).status_code == 503
            payment = {"to": bea.username, "amount": "5.00", "description": "Lunch", "idempotencyKey": key()}
            stranger = {"login": "nobody", "password": "violet-harbour-19"}
            async with asyncio.timeout(HANG_SECONDS):
                answers = await asyncio.gather(
                    ada.post(WALLET), ada.post(TRANSFER, input=payment), ada.post(SIGN_IN, input=stranger)
                )
            for answer in answers:
                assert [error["extensions"]["code"] for error in answer["errors"]] == ["SERVICE_BUSY"], answer
            with pytest.raises((ConnectionClosed, AssertionError)):
                async with socket(server.url, ada.token) as unheard:
                    await (await unheard.subscribe(BALANCE_CHANGED)).next(0.5)

            await asyncio.to_thread(durable.start)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - no event to wait for
                    await asyncio.sleep(0.1)
            paid = await ada.ask(TRANSFER, input=payment)
            assert (paid["transaction"]["status"], paid["replayed"]) == ("COMPLETED", False)
            assert (await balance.next())["available"]["amount"] == "105.00"
    assert server.tracebacks() == []
    assert installation.run("audit").returncode == 0
