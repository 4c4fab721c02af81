"""Welcome mails: each imported person without a password gets one link to set it, at a limited rate per hour."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pocketpay.database.sessions import Database
from pocketpay.identity.errors import InvalidCode
from pocketpay.identity.one_time_codes import Challenge, Purpose
from pocketpay.identity.request_password_reset import request_password_reset
from pocketpay.identity.reset_password import reset_password
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.sign_in import sign_in
from pocketpay.importing.repository import welcomes
from pocketpay.mail.mail import Kind
from pocketpay.mail.texts import text_of
from pocketpay.settings import SettingsError
from tests.conftest import Dsns
from tests.identity.mailbox import last, mailbox
from tests.importing.exports import csv_file, imported, person
from tests.people import HOME, PASSWORD, Owner, facts, receiving

APP = "https://app.example.com"
NEW = "amber-lighthouse-42"
MAILS = """
select username, recipient, m.kind from outgoing_mails m join users u on u.id = user_id order by username
"""
COUNTS = """
select (select count(*) from outgoing_mails), (select count(*) from one_time_challenges),
    (select count(*) from welcome_mails)
"""


def without_password(number: int, **fields: str) -> dict[str, str]:
    return person(number, encrypted_password="", **fields)


async def welcomed(dsns: Dsns, file: Path, *, per_hour: int = 500, dry: bool = False) -> tuple[int, list[str]]:
    """Runs an import with welcome mails. Returns the exit code and the report."""
    return await imported(dsns, file, dry=dry, mails_per_hour=per_hour, public_url=APP)


async def rows(owner: Owner, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await owner.fetch(sql)]


async def test_only_people_with_a_verified_address_and_no_password_get_a_welcome_mail(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    people = (
        person(1),
        without_password(2),
        without_password(3, email_confirmed_at=""),
        without_password(4, email="", phone="12025550123"),
    )
    file = csv_file(tmp_path, *people)
    code, told = await welcomed(database_dsn, file, dry=True)
    assert (code, told[-2]) == (0, "1 welcome mail would be put into the outbox.")
    assert await facts(owner, COUNTS) == (0, 0, 0)
    code, told = await welcomed(database_dsn, file)
    assert code == 0
    assert told[-1].startswith("1 welcome mail is put into the outbox; the last one is due at ")
    assert await rows(owner, MAILS) == [("person_2", "person2@example.com", "welcome")]
    assert await facts(owner, COUNTS) == (1, 1, 1)


async def test_no_welcome_mail_is_sent_without_the_option(database_dsn: Dsns, owner: Owner, tmp_path: Path) -> None:
    _, told = await imported(database_dsn, csv_file(tmp_path, without_password(1)), public_url=APP)
    assert "welcome" not in " ".join(told)
    assert await facts(owner, COUNTS) == (0, 0, 0)


async def test_nobody_gets_a_second_welcome_mail_even_if_the_first_is_deleted(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, without_password(1), without_password(2))
    await welcomed(database_dsn, file)
    await owner.execute("delete from outgoing_mails")
    await owner.execute("delete from one_time_challenges")
    code, told = await welcomed(database_dsn, file)
    assert (code, told[-1]) == (0, "0 welcome mails are put into the outbox.")
    assert await facts(owner, COUNTS) == (0, 0, 2)


async def test_people_imported_earlier_without_a_welcome_mail_get_one_later(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, *(without_password(n) for n in range(1, 121)), person(121))
    await imported(database_dsn, file)
    _, told = await welcomed(database_dsn, file, dry=True)
    assert told[-2] == "120 welcome mails would be put into the outbox."
    _, told = await welcomed(database_dsn, file)
    assert told[-1].startswith("120 welcome mails are put into the outbox")
    assert await facts(owner, COUNTS) == (120, 120, 120)


async def test_an_interrupted_run_is_continued_by_the_next(
    database_dsn: Dsns, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = csv_file(tmp_path, *(without_password(n) for n in range(1, 151)))
    await imported(database_dsn, file)
    marked: list[object] = []
    mark = welcomes.mark

    async def cut_off(*given: object) -> object:
        if marked:
            raise RuntimeError
        marked.append(given)
        return await mark(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(welcomes, "mark", cut_off)
        with pytest.raises(RuntimeError):
            await welcomed(database_dsn, file)
    assert await facts(owner, COUNTS) == (100, 100, 100)
    await welcomed(database_dsn, file)
    assert await facts(owner, COUNTS) == (150, 150, 150)
    assert await owner.fetchval("select count(distinct user_id) from outgoing_mails") == 150


async def test_welcome_mails_follow_the_waiting_mails_within_the_hourly_limit(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    first = csv_file(tmp_path, *(without_password(n) for n in range(1, 106)), name="first.csv")
    second = csv_file(tmp_path, *(without_password(n) for n in range(106, 111)), name="second.csv")
    for file in (first, second):
        _, told = await welcomed(database_dsn, file, per_hour=60)
    due = [row["due_at"] for row in await owner.fetch("select due_at from outgoing_mails order by due_at")]
    assert len(due) == 110
    gaps = [later - earlier for earlier, later in pairwise(due)]
    assert all(timedelta(seconds=58) < gap < timedelta(seconds=62) for gap in gaps), gaps
    assert told[-1].endswith(f"due at {due[-1]:%Y-%m-%d %H:%M} UTC.")
    assert await facts(owner, "select min(due_at) - min(created_at) from outgoing_mails") == (timedelta(0),)
    lifetimes = """
    select distinct round(extract(epoch from m.expires_at - m.due_at)),
        round(extract(epoch from c.expires_at - m.due_at))
    from outgoing_mails m join one_time_challenges c on c.id = (facts ->> 'challenge')::uuid
    """
    week = 7 * 24 * 3600
    assert await rows(owner, lifetimes) == [(week, week)]


async def test_a_welcome_link_sets_the_first_password_once_and_has_no_code(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    await welcomed(database_dsn, csv_file(tmp_path, without_password(1)))
    async with receiving(database, public_url=APP) as services:
        mail = await last(services, owner)
        assert (mail.to, mail.kind, mail.username, mail.code) == ("person1@example.com", "welcome", "person_1", "")
        row = await owner.fetchrow("select id, user_id from one_time_challenges")
        assert row is not None
        challenge = Challenge(row["id"], Purpose.FIRST_PASSWORD, row["user_id"], "person1@example.com")
        with pytest.raises(InvalidCode):
            await reset_password(
                services,
                "person_1",
                ShownCode(code=services.codes.code(challenge)),
                NEW,
                address=HOME,
            )
        await reset_password(services, None, ShownCode(token=mail.token), NEW, address=HOME)
        await sign_in(services, "person1@example.com", NEW, address=HOME, user_agent=None)
        with pytest.raises(InvalidCode):
            await reset_password(services, None, ShownCode(token=mail.token), PASSWORD, address=HOME)


async def test_setting_a_password_with_a_code_ends_the_welcome_link(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, without_password(1))
    await welcomed(database_dsn, file)
    async with receiving(database, public_url=APP) as services:
        link = (await last(services, owner)).token
        await request_password_reset(services, "person_1", address=HOME)
        await services.afterwards.finish()
        (code,) = [mail.code for mail in await mailbox(services, owner) if mail.kind == "reset_password"]
        await reset_password(services, "person_1", ShownCode(code=code), NEW, address=HOME)
        with pytest.raises(InvalidCode):
            await reset_password(services, None, ShownCode(token=link), PASSWORD, address=HOME)


async def test_a_person_who_has_set_a_password_meanwhile_gets_no_welcome_mail(
    database_dsn: Dsns, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_newcomers = welcomes.next_newcomers

    async def late(*given: object) -> object:
        found = await next_newcomers(*given)  # type: ignore[arg-type]
        await owner.execute("update users set password_hash = 'another' where username = 'person_1'")
        return found

    monkeypatch.setattr(welcomes, "next_newcomers", late)
    file = csv_file(tmp_path, without_password(1), without_password(2))
    await welcomed(database_dsn, file)
    assert await rows(owner, MAILS) == [("person_2", "person2@example.com", "welcome")]


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ("production", "needs a server that sends mail: set SMTP_HOST"),
        ("development", "needs PUBLIC_URL"),
    ],
)
async def test_without_a_mail_server_or_a_public_url_nobody_is_imported(
    database_dsn: Dsns, owner: Owner, tmp_path: Path, environment: str, problem: str
) -> None:
    file = csv_file(tmp_path, without_password(1))
    with pytest.raises(SettingsError, match=problem):
        await imported(database_dsn, file, mails_per_hour=500, environment=environment)
    assert await owner.fetchval("select count(*) from users") == 0


async def test_the_mail_contains_the_expiry_of_its_link(database_dsn: Dsns, owner: Owner, tmp_path: Path) -> None:
    file = csv_file(tmp_path, without_password(1), without_password(2))
    await welcomed(database_dsn, file, per_hour=1)
    link = "https://app.example.com/reset-password#token=x"
    text = text_of(Kind.WELCOME, {"username": "ada", "link": link, "until": "2026-12-05"})
    for body in (text.plain, text.html):
        assert link in body
        assert "until 2026-12-05" in body
    rows = await owner.fetch("select expires_at, facts ->> 'until' as until from outgoing_mails")
    for row in rows:
        expires_at: datetime = row["expires_at"]
        assert (
            timedelta(seconds=-2) < expires_at - datetime.fromisoformat(f"{row['until']}T00:00+00:00") < timedelta(1)
        )
