"""A calendar month in a time zone."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from pocketpay.ledger.point import END_OF_TIME
from pocketpay.ledger.time_zones import UTC_NAME, first_moment, time_zone

_SHAPE = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


class NotAMonth(ValueError):
    """Raised for a text that is not a month."""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in a time zone: from its first moment up to the first moment of the next month (exclusive)."""

    year: int
    number: int
    zone_name: str = UTC_NAME

    @classmethod
    def parse(cls, text: str, zone_name: str = UTC_NAME) -> Self:
        """Parses a month like "2026-11". Raises NotAMonth or UnknownTimeZone."""
        shape = _SHAPE.fullmatch(text)
        if shape is None:
            raise NotAMonth(text[:64])
        month = cls(int(shape[1]), int(shape[2]), time_zone(zone_name).key)
        if not (month.year and 1 <= month.number <= 12):
            raise NotAMonth(text)
        return month

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the month."""
        return time_zone(self.zone_name)

    @property
    def starts(self) -> datetime:
        """The first moment of the month, in UTC."""
        return first_moment(self.year, self.number, self.zone)

    @property
    def ends(self) -> datetime:
        """The first moment after the month, in UTC."""
        if (self.year, self.number) == (END_OF_TIME.year, END_OF_TIME.month):
            return END_OF_TIME
        years, number = divmod(self.number, 12)
        return first_moment(self.year + years, number + 1, self.zone)
