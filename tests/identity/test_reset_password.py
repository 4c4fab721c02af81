"""Setting a forgotten or a first password: only with the mail that is sent to the user's verified address."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
import structlog

from pocketpay.database.sessions import Database, Session
from pocketpay.errors import PocketPayError
from pocketpay.identity import afterwards
from pocketpay.identity.change_password import change_password
from pocketpay.identity.errors import (
    InvalidCode,
    InvalidCredentials,
    MailUnavailable,
    RateLimited,
    WeakPassword,
)
from pocketpay.identity.gate import Denial
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.identity.repository import people
from pocketpay.identity.request_password_reset import request_password_reset
from pocketpay.identity.reset_password import reset_password
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.sign_in import sign_in
from pocketpay.serving import log
from pocketpay.transactions.errors import WalletFrozen
from pocketpay.updates.signals import CHANNEL, read
from tests.conftest import Dsns
from tests.identity.mailbox import LAPSE, Received, last, mailbox, wrong
from tests.people import (
    ELSEWHERE,
    HOME,
    PASSWORD,
    LosesReplies,
    Owner,
    arrive,
    facts,
    has_verified_email,
    made,
    receiving,
)

MAIL = "ada@example.com"
NEW = "amber-lighthouse-42"
TRIES = "select max(tries) from one_time_challenges"


@pytest.fixture
async def services(database: Database) -> AsyncIterator[IdentityServices]:
    async with receiving(database, public_url="https://app.example.com") as opened:
        yield opened
        await opened.afterwards.close()


async def somebody(services: IdentityServices, username: str = "ada", email: str = MAIL, **more: str) -> Admission:
    """Signs up a user with a verified email address."""
    arrived = await arrive(services, username, raw_email=email, **more)
    await has_verified_email(services.database, username)
    return arrived


async def requested(services: IdentityServices, login: str = "ada", *, address: str = ELSEWHERE) -> None:
    await request_password_reset(services, login, address=address)
    await services.afterwards.finish()


async def reset(
    services: IdentityServices,
    login: str | None = "ada",
    new: str = NEW,
    *,
    address: str = ELSEWHERE,
    **shown: str,
) -> None:
    await reset_password(services, login, ShownCode(**shown), new, address=address)


async def signs_in(services: IdentityServices, password: str, login: str = "ada", address: str = HOME) -> bool:
    try:
        await sign_in(services, login, password, address=address, user_agent=None)
    except InvalidCredentials:
        return False
    return True


def shown_by(mail: Received, way: str) -> dict[str, Any]:
    """Returns the arguments of `reset` for a recipient of that mail, by code or by link."""
    return {"login": "ada", "code": mail.code} if way == "code" else {"login": None, "token": mail.token}


@pytest.mark.parametrize("way", ["code", "token"])
@pytest.mark.parametrize("login", ["ada", "@ADA", MAIL, " Ada@EXAMPLE.com ", "+1 202 555 0123"])
async def test_the_code_or_the_link_sets_a_new_password(
    services: IdentityServices, owner: Owner, login: str, way: str
) -> None:
    await somebody(services, raw_phone="+12025550123")
    await requested(services, login)
    mail = await last(services, owner)
    assert (mail.to, mail.kind, mail.username) == (MAIL, "reset_password", "ada")
    await reset(services, **shown_by(mail, way))
    assert await signs_in(services, NEW)
    assert not await signs_in(services, PASSWORD)


async def test_every_session_ends_on_every_server_and_the_user_gets_a_mail(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await somebody(services)
    other = await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=None)
    told: list[object] = []

    def listen(*said: object) -> None:
        told.append(said[3])

    await owner.add_listener(CHANNEL, listen)
    await requested(services)
    await reset(services, code=(await last(services, owner)).code)
    for one in (ada, other):
        assert await services.gate.viewer(one.tokens.access_token) is None
        assert await services.gate.check(one.tokens.access_token) is Denial.REVOKED
    await owner.fetchval("select 1")
    await owner.remove_listener(CHANNEL, listen)
    ended = [session for payload in told for session in read(str(payload)).sessions]
    assert sorted(ended) == sorted([ada.viewer.session_id, other.viewer.session_id])
    notice = await last(services, owner)
    assert (notice.to, notice.kind, notice.code) == (MAIL, "password_changed", "")


async def test_a_user_without_a_password_sets_a_first_one(services: IdentityServices, owner: Owner) -> None:
    await somebody(services)
    await owner.execute("update users set password_hash = $1", NO_PASSWORD)
    await requested(services, MAIL)
    await reset(services, MAIL, code=(await last(services, owner)).code)
    assert await signs_in(services, NEW)


async def test_a_code_works_only_once_and_ends_the_other_codes(services: IdentityServices, owner: Owner) -> None:
    await somebody(services)
    await requested(services)
    await requested(services)
    first, second = await mailbox(services, owner)
    await reset(services, code=first.code)
    for mail in (first, second):
        for way in ("code", "token"):
            with pytest.raises(InvalidCode):
                await reset(services, new="violet-mountain-77", **shown_by(mail, way))
    assert await signs_in(services, NEW)


async def test_a_code_used_twice_at_once_sets_one_password(services: IdentityServices, owner: Owner) -> None:
    await somebody(services)
    await requested(services)
    code = (await last(services, owner)).code
    passwords = [f"amber-lighthouse-{number}" for number in range(4)]
    answers = await asyncio.gather(
        *(reset(services, new=one, code=code) for one in passwords), return_exceptions=True
    )
    won = [one for one, answer in zip(passwords, answers, strict=True) if answer is None]
    assert len(won) == 1
    assert {type(one) for one in answers if one is not None} == {InvalidCode}
    assert await signs_in(services, won[0])


async def test_a_code_and_a_link_expire(services: IdentityServices, owner: Owner) -> None:
    await somebody(services)
    await requested(services)
    minutes = await owner.fetchval("select extract(epoch from expires_at - created_at) / 60 from one_time_challenges")
    assert minutes == 30
    await owner.execute(LAPSE)
    mail = await last(services, owner)
    for way in ("code", "token"):
        with pytest.raises(InvalidCode):
            await reset(services, **shown_by(mail, way))


async def test_five_wrong_codes_end_the_code_but_not_the_link(services: IdentityServices, owner: Owner) -> None:
    await somebody(services)
    await requested(services)
    mail = await last(services, owner)
    guesses = (reset(services, code=wrong(mail.code), address=f"203.0.113.{n}") for n in range(40))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert {type(one) for one in answers} == {InvalidCode}
    assert await owner.fetchval(TRIES) == 5
    with pytest.raises(InvalidCode):
        await reset(services, code=mail.code)
    await reset(services, None, token=mail.token)
    assert await signs_in(services, NEW)


async def test_a_code_is_valid_only_for_its_user_and_purpose(services: IdentityServices, owner: Owner) -> None:
    await somebody(services)
    await somebody(services, "bea", "bea@example.com")
    await requested(services)
    code = (await last(services, owner)).code
    await requested(services, "bea")
    with pytest.raises(InvalidCode):
        await reset(services, "bea", code=code)
    await owner.execute("update one_time_challenges set purpose = 'verify_email'")
    with pytest.raises(InvalidCode):
        await reset(services, code=code)


@pytest.mark.parametrize(
    "change",
    [
        "update users set email = 'new@example.com'",
        "update users set email_verified_at = null",
        "update users set email = null",
        "update users set closed_at = now(), email = null",
    ],
)
@pytest.mark.parametrize("way", ["code", "token"])
async def test_a_code_is_invalid_when_the_address_is_no_longer_the_users_verified_one(
    services: IdentityServices, owner: Owner, change: str, way: str
) -> None:
    await somebody(services)
    await requested(services)
    mail = await last(services, owner)
    await owner.execute(change)
    with pytest.raises(InvalidCode):
        await reset(services, **shown_by(mail, way))


async def test_a_weak_password_is_refused_and_does_not_use_the_code(services: IdentityServices, owner: Owner) -> None:
    await somebody(services, "clementine")
    await requested(services, "clementine")
    mail = await last(services, owner)
    for weak in ("short", "password1234", "clementine-1990"):
        with pytest.raises(WeakPassword) as refused:
            await reset(services, "clementine", weak, code=mail.code)
        assert refused.value.field == "newPassword"
    await reset(services, "clementine", code=mail.code)


async def test_a_password_like_the_name_is_refused_only_after_a_valid_code(
    services: IdentityServices,
) -> None:
    await somebody(services, "clementine")
    await requested(services, "clementine")
    with pytest.raises(InvalidCode):
        await reset(services, "clementine", "clementine-1990", code="00000000")


async def test_the_owner_of_a_fully_frozen_wallet_cannot_set_a_password(
    services: IdentityServices, owner: Owner
) -> None:
    await somebody(services)
    await requested(services)
    mail = await last(services, owner)
    await owner.execute("update wallets set status = 'frozen', frozen_for = 'all', freeze_reason = 'stolen'")
    for way in ("code", "token"):
        with pytest.raises(WalletFrozen):
            await reset(services, **shown_by(mail, way))
    with pytest.raises(InvalidCode):
        await reset(services, code=wrong(mail.code))


async def test_the_address_of_a_password_reset_becomes_known(services: IdentityServices, owner: Owner) -> None:
    """Guesses from unknown addresses do not delay the owner."""
    await somebody(services)
    await requested(services)
    await reset(services, code=(await last(services, owner)).code)
    for number in range(9):
        try:
            await sign_in(services, "ada", "x", address=f"203.0.{number}.1", user_agent=None)
        except (InvalidCredentials, RateLimited):
            continue
    assert await signs_in(services, NEW, address=ELSEWHERE)


async def test_a_password_is_set_once_with_one_mail_when_a_reply_is_lost(
    database_dsn: Dsns, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    losing = await LosesReplies.open(database_dsn.server)
    async with receiving(losing) as services:
        await somebody(services)
        await requested(services)
        code = (await last(services, owner)).code
        hash_ = services.passwords.hash

        async def and_then_replies_are_lost(password: str) -> str:
            losing.losses = 2
            return await hash_(password)

        monkeypatch.setattr(services.passwords, "hash", and_then_replies_are_lost)
        losing.losses = 2
        await reset(services, code=code)
        assert losing.losses == 0
        assert await signs_in(services, NEW)
        assert [mail.kind for mail in await mailbox(services, owner)] == [
            "reset_password",
            "password_changed",
        ]
    await losing.close()


async def test_the_mail_about_a_changed_password_goes_only_to_a_verified_address(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await somebody(services)
    bea = await arrive(services, "bea", raw_email="bea@example.com")
    for one in (ada, bea):
        changed = await change_password(services, one.viewer, PASSWORD, NEW, address=HOME)
        assert changed.user is not None
    assert [(mail.to, mail.kind) for mail in await mailbox(services, owner)] == [(MAIL, "password_changed")]


# ---------------------------------------------------------------- no information for strangers


NOBODIES = ("nobody", "nobody@example.com", "+12025550199", "", "\0", "x" * 100_000, "\ud800")


async def everybody(services: IdentityServices) -> tuple[str, ...]:
    """Returns logins of every kind; most of them get no mail."""
    await somebody(services, raw_phone="+12025550123")
    await arrive(services, "unverified", raw_email="unverified@example.com")
    await arrive(services, "without")
    return ("ada", MAIL, "+12025550123", "unverified", "unverified@example.com", "without", *NOBODIES)


async def test_only_a_verified_address_gets_mail_and_every_login_gets_the_same_response(
    services: IdentityServices, owner: Owner
) -> None:
    for login in await everybody(services):
        await requested(services, login)
    assert {mail.to for mail in await mailbox(services, owner)} == {MAIL}


async def test_the_user_is_looked_up_after_the_response(
    services: IdentityServices, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = await everybody(services)
    looked_up = []

    async def look_up(session: Session, login: object) -> None:
        looked_up.append(login)

    monkeypatch.setattr(people, "by_login", look_up)
    for login in logins:
        await request_password_reset(services, login, address=ELSEWHERE)
        assert looked_up == []
        await services.afterwards.finish()
        assert len(looked_up) == 1
        looked_up.clear()


async def test_a_wrong_code_runs_the_same_statements_and_gets_the_same_error_for_any_login(
    services: IdentityServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = await everybody(services)
    await requested(services)
    said: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        monkeypatch.setattr(Session, name, _noting(said, getattr(Session, name)))
    for shown in ({"code": "00000000"}, {"token": "A" * 64}):
        ways: list[tuple[str, list[str]]] = []
        for login in logins:
            said.clear()
            with pytest.raises(InvalidCode) as refused:
                await reset(services, login if "code" in shown else None, **shown)
            ways.append((str(refused.value), _same(said)))
        assert all(way == ways[0] for way in ways)


def _noting(said: list[str], asked: Any) -> Any:
    async def noting(self: Session, sql: str, *arguments: Any) -> Any:
        said.append(sql)
        return await asked(self, sql, *arguments)

    return noting


def _same(said: list[str]) -> list[str]:
    """Removes the column of the user's look-up: it depends on the text of the login."""
    return ["by login" if "password_hash from users" in sql else sql for sql in said]


async def test_codes_for_unknown_logins_have_the_same_limits(services: IdentityServices) -> None:
    await somebody(services)
    for login in ("ada", "nobody"):
        address = f"203.0.113.{len(login)}"
        answers = [await _answer(reset(services, login, code="00000000", address=address)) for _ in range(62)]
        assert answers == [InvalidCode] * 60 + [RateLimited] * 2
        answers = [await _answer(requested(services, login, address=address)) for _ in range(62)]
        assert answers == [type(None)] * 60 + [RateLimited] * 2


async def _answer(asked: Awaitable[None]) -> type:
    try:
        await asked
    except PocketPayError as error:
        return type(error)
    return type(None)


# ---------------------------------------------------------------- rate limits


async def test_repeated_requests_of_strangers_send_two_mails_and_keep_the_code_valid(
    services: IdentityServices, owner: Owner
) -> None:
    await somebody(services)
    for number in range(30):
        await requested(services, address=f"203.0.113.{number}")
    await requested(services, address=HOME)
    mails = await mailbox(services, owner)
    assert len(mails) == 2
    left = await owner.fetchval("select min(expires_at - clock_timestamp()) from one_time_challenges")
    assert left.total_seconds() > 15 * 60
    await reset(services, code=mails[0].code)


async def test_after_fifteen_minutes_mails_are_sent_again_and_earlier_codes_stay_valid(
    services: IdentityServices, owner: Owner
) -> None:
    await somebody(services)
    for _ in range(3):
        await requested(services)
    await owner.execute(
        "update one_time_challenges set created_at = created_at - interval '15 minutes', "
        "expires_at = expires_at - interval '15 minutes'"
    )
    await requested(services)
    mails = await mailbox(services, owner)
    assert len(mails) == 3
    await reset(services, code=mails[0].code)


async def test_a_server_without_mail_refuses_every_request(database: Database) -> None:
    async with receiving(database, environment="production", secret_key="x" * 32) as services:
        await somebody(services)
        for login in ("ada", "nobody"):
            with pytest.raises(MailUnavailable):
                await requested(services, login)


async def test_an_error_after_the_response_is_logged_without_the_login(
    services: IdentityServices, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(session: Session, login: object) -> None:
        raise RuntimeError("on purpose")

    log.configure(made(environment="production"))
    monkeypatch.setattr(afterwards, "log", structlog.get_logger("pocketpay.identity.afterwards"))
    monkeypatch.setattr(people, "by_login", fail)
    await requested(services, "ada.lovelace@example.com")
    log.configure(made())
    written = "".join(capsys.readouterr())
    assert "background_work_failed" in written
    assert "lovelace" not in written


async def test_the_database_contains_password_hashes_and_no_codes(services: IdentityServices, owner: Owner) -> None:
    await somebody(services)
    await requested(services)
    mail = await last(services, owner)
    rows = await owner.fetch("select row_to_json(t)::text from outgoing_mails t")
    rows += await owner.fetch("select row_to_json(t)::text from one_time_challenges t")
    for row in rows:
        for secret in (mail.code, mail.code.replace(" ", ""), mail.token):
            assert secret not in row[0]
    assert (await facts(owner, "select count(*) from one_time_challenges")) == (1,)
