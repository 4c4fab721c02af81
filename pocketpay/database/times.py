"""A faster conversion of `timestamptz`, for the connections of the clearing.

The driver converts each time anew: 0.56 µs to read one, 0.75 to write one. The rows of a unit of work have few
different times: its own, and those of wallets that pay often. So the last conversions are kept: 0.1 µs.

A conversion depends on its argument alone, and returns what the driver returns. Decision 74 gives the reasons.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pocketpay.database.held import Connection

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts the microseconds from here."""

_ENDS = {2**63 - 1: datetime.max, -(2**63): datetime.min}  # noqa: DTZ901 - as the driver returns them
"""The infinite times, by the microseconds that stand for them. The driver writes these ends as infinite too."""
_END_MICROSECONDS = {
    end.replace(tzinfo=zone): microseconds for microseconds, end in _ENDS.items() for zone in (None, UTC)
}

MAX_KEPT = 8_192
"""Conversions kept in each direction, about 1 MB."""


async def keep_conversions(connection: Connection) -> None:
    """Makes the connection convert times with this module. It takes one round trip."""
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=_encoded, decoder=_kept_moment, format="binary"
    )


def _moment(raw: bytes) -> datetime:
    """Returns the time that PostgreSQL has sent."""
    microseconds = int.from_bytes(raw, "big", signed=True)
    return _ENDS.get(microseconds) or EPOCH + timedelta(microseconds=microseconds)


def _raw(moment: datetime) -> bytes:
    """Returns the time as PostgreSQL receives it. A time without a zone is local."""
    microseconds = _END_MICROSECONDS.get(moment)
    if microseconds is None:
        microseconds = (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
    return microseconds.to_bytes(8, "big", signed=True)


_kept_moment, _kept_raw = lru_cache(maxsize=MAX_KEPT)(_moment), lru_cache(maxsize=MAX_KEPT)(_raw)


def _encoded(moment: datetime) -> bytes:
    # Other zones are not kept: where clocks are put back, two different times are equal and differ in `fold` only.
    return _kept_raw(moment) if moment.tzinfo is UTC else _raw(moment)
