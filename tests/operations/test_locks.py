"""What an operator's act or a closing has locked while it decides. Each is held there, and another session looks."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
import uuid_utils.compat as uuids

from pocketpay.database.sessions import Database
from pocketpay.identity.closing_user import ClosingUser
from pocketpay.identity.services import IdentityServices
from pocketpay.onboarding.close_wallet import CloseWallet
from pocketpay.operations import end_sessions, risk_settings
from pocketpay.operator_log.act import Operator
from pocketpay.operator_log.repository import acts
from pocketpay.payments.desk import Desk
from tests.clearing.barriers import Barrier
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import Records, person
from tests.people import arrive, made

OPERATOR = Operator(None, "somebody at the command line")
FREE_USER = "select count(*) from (select from users where id = $1 for no key update skip locked) free"


class Held:
    """Holds a function of a module when it is called, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
        self.called, self.go = asyncio.Event(), asyncio.Event()
        self._function: Callable[..., Any] = getattr(module, name)
        monkeypatch.setattr(module, name, self._held)

    async def _held(self, *arguments: Any) -> Any:
        self.called.set()
        await self.go.wait()
        return await self._function(*arguments)

    async def until_called(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.called.wait()


async def test_an_act_on_a_customer_locks_the_customer(
    database: Database,
    owner: "asyncpg.Connection[asyncpg.Record]",
    services: IdentityServices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada = (await arrive(services)).user
    held = Held(monkeypatch, end_sessions, "end_all")
    ending = asyncio.create_task(
        end_sessions.end_sessions(database, OPERATOR, ada.wallet_id, raw_reason="A stolen phone")
    )
    await held.until_called()
    assert await owner.fetchval(FREE_USER, ada.id) == 0
    held.go.set()
    assert len((await ending).session_ids) == 1
    assert await owner.fetchval(FREE_USER, ada.id) == 1


async def test_a_change_of_a_risk_setting_locks_the_settings(
    database: Database, owner: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, acts, "is_recorded")
    changing = asyncio.create_task(
        risk_settings.set_risk_setting(
            database, made(), OPERATOR, name="new_recipient_action", raw_value="off", raw_reason="A test"
        )
    )
    await held.until_called()
    with pytest.raises(asyncpg.LockNotAvailableError):
        async with owner.transaction():
            await owner.execute("lock table risk_settings in share row exclusive mode nowait")
    held.go.set()
    assert (await changing).value == "off"


async def test_a_closing_locks_the_user_whose_password_it_has_checked(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await person(desk)
    barrier = Barrier(monkeypatch, "write")
    closing = asyncio.create_task(desk.submit(CloseWallet(ada.wallet_id, ClosingUser.of(ada.user_id, "none"))))
    await barrier.until_arrived(1)
    assert await records.connection.fetchval(FREE_USER, ada.user_id) == 0
    barrier.open()
    assert (await closing).outcome.changed
    assert await records.connection.fetchval(FREE_USER, ada.user_id) == 1
    assert await records.connection.fetchval(FREE_USER, uuids.uuid7()) == 0
