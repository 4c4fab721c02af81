"""The months in every time zone: they follow one another without a gap, and each starts when the local date
changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pocketpay.ledger.month import Month, NotAMonth
from pocketpay.ledger.point import END_OF_TIME
from pocketpay.ledger.time_zones import UnknownTimeZone, _names, local_time, time_zone

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)

names = st.sampled_from(sorted(_names()))
years = st.integers(1850, 2100)
numbers = st.integers(1, 12)

SKIPPED = ("Africa/Cairo", 2014, 8)
"""Its clocks went from midnight to one o'clock on the first of the month."""

TWICE = ("America/Havana", 2015, 11)
"""Its clocks went from one o'clock back to midnight on the first of the month."""

BACK_INTO_OCTOBER = ("America/St_Johns", 2009, 11)
"""Its clocks went from a minute past midnight on the first of the month back to 23:01."""


def month(name: str, year: int, number: int) -> Month:
    return Month(year, number, name)


def following(of: Month) -> Month:
    years, number = divmod(of.number, 12)
    return Month(of.year + years, number + 1, of.zone_name)


@given(name=names, year=years, number=numbers)
@example(*SKIPPED)
@example(*TWICE)
@example(*BACK_INTO_OCTOBER)
def test_months_follow_one_another_without_a_gap(name: str, year: int, number: int) -> None:
    this = month(name, year, number)
    assert this.starts < this.ends == following(this).starts
    assert timedelta(days=27) < this.ends - this.starts < timedelta(days=32)
    assert this.starts.tzinfo is UTC


@given(name=names, year=years, number=numbers)
@example(*SKIPPED)
@example(*TWICE)
@example(*BACK_INTO_OCTOBER)
def test_a_month_starts_when_the_local_date_first_shows_it(name: str, year: int, number: int) -> None:
    """Compares with the local time at every half minute of the days around the start of the month."""
    this = month(name, year, number)
    first = datetime(year, number, 1)  # noqa: DTZ001 - local time
    zone, step = time_zone(name), timedelta(seconds=30)
    at = datetime(year, number, 1, tzinfo=UTC) - timedelta(hours=27)
    while local_time(zone, at + step) < first:
        at += step
    assert at < this.starts <= at + step
    assert local_time(zone, this.starts - TICK) < first <= local_time(zone, this.starts)


@given(name=names, moment=st.datetimes(datetime(1850, 1, 2), datetime(2100, 1, 2), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_time_is_in_the_month_of_its_local_date(name: str, moment: datetime) -> None:
    shown = local_time(time_zone(name), moment)
    this = month(name, shown.year, shown.month)
    back_again = local_time(time_zone(name), moment - HOUR) > shown
    assert back_again or this.starts <= moment < this.ends


@pytest.mark.parametrize(
    ("of", "starts", "hours"),
    [
        (("UTC", 2026, 3), "2026-03-01T00:00:00", 31 * 24),
        (("Europe/Berlin", 2026, 1), "2025-12-31T23:00:00", 31 * 24),
        (("Europe/Berlin", 2026, 3), "2026-02-28T23:00:00", 31 * 24 - 1),
        (("Europe/Berlin", 2026, 10), "2026-09-30T22:00:00", 31 * 24 + 1),
        (("America/New_York", 2026, 11), "2026-11-01T04:00:00", 30 * 24 + 1),
        (("Asia/Kathmandu", 2026, 2), "2026-01-31T18:15:00", 28 * 24),
        (("Pacific/Apia", 2011, 12), "2011-12-01T10:00:00", 30 * 24),  # the day of the 30th was left out
        (SKIPPED, "2014-07-31T22:00:00", 31 * 24 - 1),
        (TWICE, "2015-11-01T04:00:00", 30 * 24 + 1),
        (BACK_INTO_OCTOBER, "2009-11-01T02:30:00", 30 * 24 + 1),
    ],
)
def test_the_length_of_a_month_includes_clock_changes(of: tuple[str, int, int], starts: str, hours: int) -> None:
    this = month(*of)
    assert this.starts == datetime.fromisoformat(f"{starts}+00:00")
    assert this.ends - this.starts == hours * HOUR


def test_a_month_whose_first_midnight_is_skipped_starts_after_it() -> None:
    this = month(*SKIPPED)
    assert str(local_time(this.zone, this.starts)) == "2014-08-01 01:00:00"


@pytest.mark.parametrize("name", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_possible_month_work_in_every_zone(name: str) -> None:
    first, last = month(name, 1, 1), month(name, 9999, 12)
    assert datetime.min.replace(tzinfo=UTC) <= first.starts < first.ends
    assert last.starts < last.ends == END_OF_TIME
    for moment in (first.starts, last.ends):
        local_time(time_zone(name), moment)


@given(name=names)
def test_every_zone_of_the_package_is_loaded_once_and_keeps_its_name(name: str) -> None:
    zone = time_zone(name)
    assert zone.key == Month.parse("2026-11", name).zone_name == name
    assert zone is time_zone(name)


def test_zones_come_from_the_package_and_not_from_the_machine() -> None:
    name = "Europe/Berlin"
    assert time_zone(name) is not ZoneInfo(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "Berlin", "europe/berlin", "Europe/Berlin ", " UTC", "utc", "+02:00", "CEST", "Europe", "Europe/"),
        *("../zones", "Europe/../UTC", "/etc/localtime", "localtime", "tzdata.zi", "__init__.py", "UTC\x00", "é"),
        *("Europe/Berlin\n", "\ud800", "Europe/Berlin" * 10_000),
    ],
)
def test_a_text_that_is_not_a_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone) as refused:
        Month.parse("2026-11", name)
    assert len(str(refused.value)) <= 64


def test_an_invalid_month_in_a_valid_zone_raises_the_error_of_the_month() -> None:
    with pytest.raises(NotAMonth):
        Month.parse("2026-13", "Europe/Berlin")
