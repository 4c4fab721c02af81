"""All SQL about risk settings: what operators have set over the environment's."""

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
    """One setting as an operator has set it, written as the environment writes it."""

    name: str
    value: str
    since: datetime


async def overrides(session: Session) -> dict[str, Override]:
    """What is set over the environment's, by the setting's name."""
    rows = await session.fetch("select name, value, updated_at from risk_settings")
    return {row["name"]: Override(*row) for row in rows}


async def lock(session: Session) -> dict[str, Override]:
    """The same, and nobody else changes any until this unit of work ends."""
    await session.execute("lock table risk_settings in share row exclusive mode")
    return await overrides(session)


async def put(session: Session, name: str, value: str) -> None:
    """Sets one, and tells every server on commit."""
    await session.execute(_PUT, name, value)
    await _tell(session)


async def drop(session: Session, name: str) -> None:
    """Gives one back to the environment, and tells every server on commit."""
    await session.execute("delete from risk_settings where name = $1", name)
    await _tell(session)


async def _tell(session: Session) -> None:
    told = payloads(Signal(risk_settings=True))
    await session.execute("select pg_notify($1, told) from unnest($2::text[]) told", CHANNEL, told)
