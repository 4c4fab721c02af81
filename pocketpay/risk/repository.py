"""The SQL of risk settings by which operators override the environment's settings."""

from dataclasses import dataclass
from datetime import datetime

from pocketpay.database.sessions import Session
from pocketpay.updates.signals import CHANNEL, Signal, payloads

_PUT = """
insert into risk_settings (name, value, updated_at) values ($1, $2, clock_timestamp())
on conflict (name) do update set value = excluded.value, updated_at = excluded.updated_at
"""


@dataclass(frozen=True, slots=True)
class Override:
    """A setting that an operator has set. `value` has the same text form as in the environment."""

    name: str
    value: str
    since: datetime


async def overrides(session: Session) -> dict[str, Override]:
    """Returns the settings that override the environment's, by name."""
    rows = await session.fetch("select name, value, updated_at from risk_settings")
    return {row["name"]: Override(*row) for row in rows}


async def lock(session: Session) -> dict[str, Override]:
    """Returns the same as `overrides`, and locks the table against other changes until the unit of work ends."""
    await session.execute("lock table risk_settings in share row exclusive mode")
    return await overrides(session)


async def put(session: Session, name: str, value: str) -> None:
    """Sets a setting. Every server is notified on commit."""
    await session.execute(_PUT, name, value)
    await _notify(session)


async def drop(session: Session, name: str) -> None:
    """Removes a setting, so that the environment's value applies again. Every server is notified on commit."""
    await session.execute("delete from risk_settings where name = $1", name)
    await _notify(session)


async def _notify(session: Session) -> None:
    messages = payloads(Signal(risk_settings=True))
    await session.execute("select pg_notify($1, message) from unnest($2::text[]) message", CHANNEL, messages)
