"""IANA time zones by name, from the package tzdata, so that every machine uses the locked version and not its own.

Decision 42 gives the reasons.
"""

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

UTC_NAME = "UTC"


class UnknownTimeZone(ValueError):
    """Raised for a text that is not the name of a time zone."""


def time_zone(name: str) -> ZoneInfo:
    """Returns the time zone with a name like "Europe/Berlin". Raises UnknownTimeZone."""
    if name not in _names():
        raise UnknownTimeZone(name[:64])
    return _zone(name)


def local_time(zone: ZoneInfo, moment: datetime) -> datetime:
    """Returns the moment as local time of the zone, without an offset. Close to datetime.min and datetime.max, where
    local time cannot be represented, returns UTC."""
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return moment.replace(tzinfo=None)


def first_moment(year: int, month: int, zone: ZoneInfo) -> datetime:
    """Returns the first moment of the month in the zone, in UTC. Follows java.time's rule for the start of a day.

    If clocks are set back across the start of the month, there are two midnights, and the first one is returned. If
    clocks are set forward across it, there is no midnight, and the moment of the change is returned.
    """
    try:
        return datetime(year, month, 1, tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)  # year 1, east of Greenwich


@cache
def _names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


@cache
def _zone(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
