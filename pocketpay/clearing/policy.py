"""The risk policy in force: the environment's settings, overridden by operators' settings in the database.

    at the start            read before the first payment is decided
    a change is signalled   read again, on every server
    the listener had a gap  read again: a change may have been missed

The new policy applies to payments decided after the read. A held payment keeps the reasons for which it was held.
"""

import asyncio
from dataclasses import replace
from datetime import datetime

import structlog

from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.terms import policy_of
from pocketpay.database.sessions import Database, Session
from pocketpay.risk import repository
from pocketpay.risk.policy import Policy
from pocketpay.settings import Settings, SettingsError, overridden
from pocketpay.updates.pump import Pump
from pocketpay.updates.signals import Signal

log = structlog.get_logger(__name__)


async def read_policy(session: Session, settings: Settings) -> Policy:
    """Reads the policy that applies now.

    Raises SettingsError when a setting in the database is not valid with the environment's settings.
    """
    kept = await repository.overrides(session)
    try:
        return policy_of(overridden(settings, {name: one.value for name, one in kept.items()}))
    except SettingsError as wrong:
        raise SettingsError(
            f"A risk setting in the database is not valid in this environment: {wrong} "
            "Clear it with `pocketpay operator risk clear`."
        ) from None


class PolicyInForce:
    """Keeps the policy of one clearing up to date with the database. It is a subscriber of the hub."""

    def __init__(self, database: Database, clearing: Clearing, settings: Settings) -> None:
        self._database, self._clearing, self._settings = database, clearing, settings
        self._read_lock = asyncio.Lock()
        self.pump = Pump("risk settings", self._reload, lambda error: None)

    async def read(self) -> None:
        """Reads the settings and puts them in force. On SettingsError or ServiceBusy, the old policy stays."""
        # One read at a time: a slow, older read would otherwise overwrite a newer policy.
        async with self._read_lock:
            async with self._database.read() as session:
                policy = await read_policy(session, self._settings)
            self._clearing.terms = replace(self._clearing.terms, policy=policy)

    def on_signal(self, signal: Signal) -> None:
        if signal.risk_settings:
            self.pump.wake()

    def on_gap(self, since: datetime) -> None:
        self.pump.wake()

    def on_disconnect(self) -> None:
        """Does nothing: missed changes are read when the connection is back (`on_gap`)."""

    async def _reload(self) -> None:
        try:
            await self.read()
        except SettingsError as wrong:  # another server's environment serves other currencies
            log.error("risk_settings_invalid", reason=str(wrong))
