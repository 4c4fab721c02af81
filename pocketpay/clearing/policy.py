"""The risk policy in force: the environment's settings, and over them what operators have set in the database.

    at the start            read before the first payment is decided
    a change is signalled   read again, on every server
    the listener had a gap  read again: a change may have been missed

Payments decided from then on meet the new policy; what is held keeps the reasons it was held for.
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
from pocketpay.settings import Settings, SettingsError, with_overrides
from pocketpay.updates.pump import Pump
from pocketpay.updates.signals import Signal

log = structlog.get_logger(__name__)


async def read_policy(session: Session, settings: Settings) -> Policy:
    """What applies now. Raises SettingsError when what is set does not go with that environment."""
    kept = await repository.overrides(session)
    try:
        return policy_of(with_overrides(settings, {name: one.value for name, one in kept.items()}))
    except SettingsError as wrong:
        raise SettingsError(
            f"A risk setting in the database is not valid in this environment: {wrong} "
            "Clear it with `pocketpay operator risk clear`."
        ) from None


class PolicyInForce:
    """Keeps one clearing's policy what the database says; a subscriber of the hub."""

    def __init__(self, database: Database, clearing: Clearing, settings: Settings) -> None:
        self._database, self._clearing, self._settings = database, clearing, settings
        self._one_read = asyncio.Lock()
        self.pump = Pump("risk settings", self._turn, lambda error: None)

    async def read(self) -> None:
        """Puts what the database says now in force. Raises SettingsError and ServiceBusy; then all stays as it is."""
        # One read at a time: an older one that comes later would put back what has been replaced.
        async with self._one_read:
            async with self._database.read() as session:
                policy = await read_policy(session, self._settings)
            self._clearing.terms = replace(self._clearing.terms, policy=policy)

    def on_signal(self, signal: Signal) -> None:
        if signal.risk_settings:
            self.pump.wake()

    def on_gap(self, since: datetime) -> None:
        self.pump.wake()

    def on_disconnect(self) -> None:
        """Nothing to do: what is missed is read when hearing works again."""

    async def _turn(self) -> None:
        try:
            await self.read()
        except SettingsError as wrong:  # another server's environment serves other currencies
            log.error("risk_settings_do_not_fit", reason=str(wrong))
