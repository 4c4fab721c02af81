"""IANA time zones by their names, from the package tzdata: on every machine the ones of the lock, not of the system.

Decision 42 gives the reasons.
"""

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

UTC_NAME = "UTC"


class UnknownTimeZone(ValueError):
    """A text that is not the name of a time zone."""


def time_zone(name: str) -> ZoneInfo:
    """The zone of a name like "Europe/Berlin". Raises UnknownTimeZone."""
    if name not in _names():
        raise UnknownTimeZone(name[:64])
    return _zone(name)


def shown_by(zone: ZoneInfo, moment: datetime) -> datetime:
    """What clocks in the zone show at a moment, without an offset; UTC on the first and last day of all time."""
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return moment.replace(tzinfo=None)


def first_moment(year: int, month: int, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which clocks in that zone show the month: the rule of java.time for a day.

    Where they are put back over the month's beginning, it is the first of two midnights. Where they are put forward
    over it, there is no midnight; its time by the offset before the change is the moment of the change.
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
