"""`pocketpay operator …` as processes on a server's database: printed tables and exit codes."""

import asyncio
import itertools
import os
import pwd
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
from typer.testing import CliRunner

from pocketpay.cli.verbs import verbs
from pocketpay.database.embedded.readiness import DATABASE
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from pocketpay.database.sessions import Database
from pocketpay.identity.reset_password import reset_password
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.sign_in import sign_in
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.risk.rapid_transfers import RapidTransfers
from pocketpay.risk.rule import RuleAction
from pocketpay.risk.rules import SETTINGS
from tests import commands
from tests.api.test_operations import pay
from tests.clients import Client, Person, serving
from tests.conftest import Dsns
from tests.identity.mailbox import last
from tests.people import HOME, PASSWORD, arrive, receiving
from tests.updates.waiting import until

ME = pwd.getpwuid(os.getuid()).pw_name
SECONDS = 60.0
WITH_MAIL = {
    "SMTP_HOST": "127.0.0.1",
    "SMTP_TLS": "none",
    "MAIL_FROM": "no-reply@example.com",
    "PUBLIC_URL": "https://app.example.com",
}

Run = Callable[..., "subprocess.CompletedProcess[str]"]
T = TypeVar("T")

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def populated(durable: EmbeddedPostgres) -> str:
    """The name of a migrated database where ada, bea and olga have signed up. Each test gets a copy."""
    asyncio.run(_populate(Dsns(server=durable.server_dsn, owner=durable.owner_dsn)))
    return DATABASE


@contextmanager
def _copy(durable: EmbeddedPostgres, template: str) -> Iterator[Dsns]:
    name = f"operated_{next(_numbers)}"
    create = f"create database {name} template {template} owner {OWNER} strategy file_copy"
    asyncio.run(_execute(durable.dsn(OWNER, "postgres"), create))
    yield Dsns(server=durable.dsn(LOGIN, name), owner=durable.dsn(OWNER, name))
    asyncio.run(_execute(durable.dsn(OWNER, "postgres"), f"drop database {name} with (force)"))


@pytest.fixture
def dsns(durable: EmbeddedPostgres, populated: str) -> Iterator[Dsns]:
    with _copy(durable, populated) as made:
        yield made


@pytest.fixture(scope="module")
def untouched(durable: EmbeddedPostgres, populated: str) -> Iterator[Dsns]:
    """A database shared by the tests whose commands change nothing."""
    with _copy(durable, populated) as made:
        yield made


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _fetch(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def _populate(dsns: Dsns) -> None:
    database = await Database.open(dsns.server)
    async with receiving(database) as services:
        for name in ("ada", "bea", "olga"):
            await arrive(services, name, raw_email=f"{name}@example.com")
    await database.close()


@pytest.fixture
def run(dsns: Dsns, tmp_path: Path) -> Run:
    """Runs an operator command, or `serve`, on this test's database until it ends."""
    return lambda *arguments, **settings: ended(dsns, tmp_path, *arguments, **settings)


def ended(dsns: Dsns, folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    verb = () if arguments[0] == "serve" else ("operator",)
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": dsns.server, **settings}
    return commands.run(*verb, *arguments, folder=folder, environment=environment, files=folder, seconds=SECONDS)


def output(done: "subprocess.CompletedProcess[str]") -> str:
    """Returns what a command printed. Fails unless its exit code is 0."""
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def table(text: str) -> list[dict[str, str]]:
    """Parses a printed table: one dictionary per row, by column name."""
    head, *rows = text.splitlines()
    starts = [name.start() for name in re.finditer(r"\S+(?: \S+)*", head)]
    ends = [*starts[1:], None]
    return [{head[a:b].strip(): row[a:b].strip() for a, b in zip(starts, ends, strict=True)} for row in rows]


def at_a_server(dsns: Dsns, work: Callable[[Client], Awaitable[T]]) -> T:
    async def serve() -> T:
        async with serving(dsns.server) as client:
            return await work(client)

    return asyncio.run(serve())


async def signed_in(client: Client, username: str) -> Person:
    admission = await sign_in(client.services.identity, username, PASSWORD, address=HOME, user_agent=None)
    return Person(username, admission.tokens.access_token, admission.tokens.refresh_token)


def test_a_granted_role_takes_effect_and_can_be_revoked(run: Run, dsns: Dsns) -> None:
    async def enters(client: Client) -> bool:
        answer = await client.post("{ operations { riskSettings { name } } }", by=await signed_in(client, "olga"))
        return "errors" not in answer

    assert not at_a_server(dsns, enters)
    assert output(run("grant", "@Olga", "--reason", "Joins the team")) == "@Olga is now an operator.\n"
    assert at_a_server(dsns, enters)
    assert output(run("grant", "olga", "--reason", "Joins the team")) == "olga is already an operator.\n"
    assert output(run("revoke", "olga", "--reason", "Leaves the team")) == "olga is now a member.\n"
    assert not at_a_server(dsns, enters)
    acts = table(output(run("actions")))
    assert [(one["OPERATOR"], one["ACTION"], one["WHY"]) for one in acts] == [
        (ME, "revoke_role", "Leaves the team"),
        (ME, "grant_role", "Joins the team"),
    ]


def test_a_freeze_by_command_takes_effect_on_a_running_server(run: Run, dsns: Dsns) -> None:
    async def freeze(client: Client) -> str:
        ada = await signed_in(client, "ada")
        freezing = ("freeze", "ada", "--for", "debits", "--reason", "Stolen phone")
        assert output(await asyncio.to_thread(run, *freezing)) == "ada is frozen for debits.\n"
        assert output(await asyncio.to_thread(run, *freezing)) == "ada is frozen for debits already.\n"
        return await pay(client, ada, "bea", "1.00")

    paid = at_a_server(dsns, freeze)
    (found,) = table(output(run("find", "ADA@example.com")))
    assert (found["USERNAME"], found["WALLET"], found["BALANCE"], found["WHY"]) == (
        "ada",
        "frozen (debits)",
        "100.00",
        "Stolen phone",
    )
    assert [one["USERNAME"] for one in table(output(run("find", paid)))] == ["ada", "bea"]
    assert output(run("unfreeze", found["WALLET ID"], "--reason", "Phone found")).endswith(" is no longer frozen.\n")
    assert output(run("unfreeze", "ada", "--reason", "Phone found")) == "ada is not frozen.\n"
    acts = table(output(run("actions", "--wallet", "ada")))
    assert [(one["ACTION"], one["WHAT"], one["WALLET"]) for one in acts] == [
        ("unfreeze", "-", found["WALLET ID"]),
        ("freeze", "freeze=debits", found["WALLET ID"]),
    ]


def test_a_risk_setting_changed_by_command_takes_effect_on_a_running_server(run: Run, dsns: Dsns) -> None:
    async def change(client: Client) -> None:
        setting = ("risk", "set", "rapid_transfer_count", "3", "--reason", "Quiet night")
        said = output(await asyncio.to_thread(run, *setting))
        assert said == "RAPID_TRANSFER_COUNT is 3; the environment has 5.\n"
        await until(lambda: client.services.desk.clearing.terms.policy.rule(RapidTransfers).count == 3)
        clearing = ("risk", "clear", "RAPID_TRANSFER_COUNT", "--reason", "Morning")
        said = output(await asyncio.to_thread(run, *clearing))
        assert said == "RAPID_TRANSFER_COUNT is 5, as in the environment.\n"
        await until(lambda: client.services.desk.clearing.terms.policy.rule(RapidTransfers).count == 5)

    at_a_server(dsns, change)
    output(run("risk", "set", "LARGE_TRANSFER_ACTION", "block", "--reason", "A wave of fraud"))
    shown = {
        one["SETTING"]: (one["VALUE"], one["ENVIRONMENT"], one["SET AT"] != "-") for one in table(output(run("risk")))
    }
    assert shown["LARGE_TRANSFER_ACTION"] == ("block", "confirm", True)
    assert shown["NEW_RECIPIENT_ACTION"] == ("confirm", "confirm", False)
    assert [*shown] == [name.upper() for name in SETTINGS]


def test_pending_work_is_shown(run: Run, dsns: Dsns) -> None:
    async def hold(client: Client) -> str:
        return await pay(client, await signed_in(client, "ada"), "bea", "12.50")

    held = at_a_server(dsns, hold)
    (row,) = table(output(run("pending")))
    assert (row["ID"], row["TYPE"], row["STATUS"], row["TOTAL"], row["FROM"], row["TO"]) == (
        held,
        "send",
        "pending_confirmation",
        "12.50",
        "ada",
        "bea",
    )


def test_a_payment_is_reversed_by_command_while_a_server_runs(run: Run, dsns: Dsns) -> None:
    async def pay_and_reverse(client: Client) -> str:
        ada = await signed_in(client, "ada")
        await asyncio.to_thread(run, "risk", "set", "NEW_RECIPIENT_ACTION", "off", "--reason", "A test")
        await until(lambda: client.services.desk.clearing.terms.policy.rule(NewRecipient).action is RuleAction.OFF)
        paid = await pay(client, ada, "bea", "12.50")
        said = output(await asyncio.to_thread(run, "reverse", paid, "--reason", "Account taken over"))
        assert said.startswith(f"12.50 USD of {paid} refunded by transaction_")
        return paid

    paid = at_a_server(dsns, pay_and_reverse)
    (row,) = table(output(run("find", "ada")))
    assert row["BALANCE"] == "100.00"
    assert table(output(run("find", f"customer_{row['WALLET ID']}"))) == [row]
    for id in (paid, f"customer_{paid}"):  # the id that its parties see, and the id that operators see in GraphQL
        again = run("reverse", id, "--reason", "Account taken over")
        assert (again.returncode, again.stdout, again.stderr) == (
            1,
            "",
            "ALREADY_REFUNDED: This transaction is already fully refunded.\n",
        )


def test_a_locked_out_customer_is_recovered_by_command_while_a_server_runs(run: Run, dsns: Dsns) -> None:
    said = output(run("verify-email", "ada", "ADA@example.com", "--reason", "Showed her passport"))
    assert said == "ada@example.com is now verified for ada.\n"
    said = output(run("verify-email", "ada", "ada@example.com", "--reason", "Showed her passport"))
    assert said == "ada@example.com is already verified for ada.\n"
    (found,) = table(output(run("find", "ada")))
    assert (found["EMAIL"], found["VERIFIED"]) == ("ada@example.com", "yes")

    async def help_(client: Client) -> None:
        ada = await signed_in(client, "ada")
        assert (await client.data("{ viewer { username } }", by=ada))["viewer"] == {"username": "ada"}
        ending = ("end-sessions", "ada", "--reason", "Lost her telephone")
        assert output(await asyncio.to_thread(run, *ending)) == "2 sessions of ada ended.\n"
        await until(lambda: not client.services.identity.gate._sessions)
        answer = await client.post("{ viewer { username } }", by=ada)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
        assert output(await asyncio.to_thread(run, *ending)) == "0 sessions of ada ended.\n"
        recovering = ("recover", "@Ada", "--reason", "Lost her password")
        said = output(await asyncio.to_thread(run, *recovering, **WITH_MAIL))
        assert said == "A mail is sent to ada@example.com. Its code or link sets a new password for ada.\n"
        owner = await asyncpg.connect(dsns.owner)
        mail = await last(client.services.identity, owner)
        await owner.close()
        assert (mail.to, mail.kind) == ("ada@example.com", "reset_password")
        new = "amber-lighthouse-42"
        await reset_password(client.services.identity, "ada", ShownCode(code=mail.code), new, address=HOME)

    at_a_server(dsns, help_)
    acts = table(output(run("actions", "--wallet", "ada")))
    assert [(one["OPERATOR"], one["ACTION"], one["WHAT"], one["WHY"]) for one in acts] == [
        (ME, "begin_recovery", "-", "Lost her password"),
        (ME, "end_sessions", "sessions=2", "Lost her telephone"),
        (ME, "verify_email", "-", "Showed her passport"),
    ]


def test_the_sessions_and_transactions_of_a_customer_are_shown(run: Run, dsns: Dsns) -> None:
    async def use(client: Client) -> tuple[str, list[str]]:
        ada = await signed_in(client, "ada")
        sessions = (await client.data("{ viewer { sessions { id } } }", by=ada))["viewer"]["sessions"]
        return await pay(client, ada, "bea", "12.50"), [one["id"] for one in sessions]

    held, sessions = at_a_server(dsns, use)
    shown = table(output(run("sessions", "ada")))
    assert ([one["ID"] for one in shown], [one["CLIENT"] for one in shown]) == (sessions, ["-", "tests"])
    assert all(one["SIGNED IN"] <= one["LAST USED"] < one["EXPIRES"] for one in shown)
    newest, bonus = table(output(run("transactions", "@ADA")))
    assert (newest["ID"], newest["STATUS"], newest["TOTAL"], newest["FROM"], newest["TO"], newest["WHAT FOR"]) == (
        held,
        "pending_confirmation",
        "12.50",
        "ada",
        "bea",
        "Lunch",
    )
    assert bonus["TYPE"] == "bonus"
    assert [one["ID"] for one in table(output(run("transactions", "ada", "--limit", "1")))] == [held]


def test_the_recovery_of_a_customer_without_a_verified_email_is_refused(run: Run) -> None:
    done = run("recover", "ada", "--reason", "Lost her password", **WITH_MAIL)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "EMAIL_NOT_VERIFIED: The customer has no verified email address, so no mail can be sent.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("grant", "nobody", "--reason", "Why"), 1, "NOT_FOUND: No user has this username.\n"),
        (("freeze", "nobody", "--reason", "Why"), 1, "NOT_FOUND: No wallet has this id or owner.\n"),
        (("freeze", "ada", "--reason", " "), 1, "INVALID_INPUT: reason must not be empty.\n"),
        (("reverse", "transaction_01", "--reason", "Why"), 1, "NOT_FOUND: No transaction has this id.\n"),
        (("recover", "nobody", "--reason", "Why"), 1, "NOT_FOUND: No wallet has this id or owner.\n"),
        (("recover", "ada", "--reason", "Why"), 1, "MAIL_UNAVAILABLE: This server sends no mail.\n"),
        (
            ("verify-email", "ada", "adam@example.com", "--reason", "Why"),
            1,
            "INVALID_INPUT: This is not the customer's email address.\n",
        ),
        (("end-sessions", "ada", "--reason", " "), 1, "INVALID_INPUT: reason must not be empty.\n"),
        (("sessions", "nobody"), 1, "NOT_FOUND: No wallet has this id or owner.\n"),
        (("transactions", "nobody"), 1, "NOT_FOUND: No wallet has this id or owner.\n"),
        (("find", "nobody"), 1, "No customer found.\n"),
        (("risk", "set", "SECRET_KEY", "x", "--reason", "Why"), 1, "INVALID_INPUT: name must be one of "),
        (("risk", "set", "RAPID_TRANSFER_COUNT", "0", "--reason", "Why"), 1, "INVALID_INPUT: value is not valid: "),
        (("reverse", "transaction_01"), 2, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_refused_command_prints_an_error_on_stderr_and_changes_nothing(
    untouched: Dsns, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = ended(untouched, tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(said)
    assert asyncio.run(_fetch(untouched.owner, "select count(*) from operator_actions")) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("reverse", "transaction_01"),
        ("freeze", "ada"),
        ("unfreeze", "ada"),
        ("grant", "ada"),
        ("recover", "ada"),
        ("verify-email", "ada", "ada@example.com"),
        ("end-sessions", "ada"),
        ("risk", "clear", "RAPID_TRANSFER_COUNT"),
        ("freeze", "ada", "--for", "ever", "--reason", "Why"),
    ],
    ids=" ".join,
)
def test_an_incomplete_command_is_refused_before_the_database_is_opened(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(verbs, ["operator", *arguments], env={"DATABASE_URL": "postgresql://127.0.0.1:1/x"})
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Usage: " in done.stderr


def test_an_unreachable_database_of_an_operator_is_reported_in_one_sentence(run: Run) -> None:
    done = run("risk", DATABASE_URL="postgresql://pocketpay@127.0.0.1:1/pocketpay")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_a_stored_risk_setting_that_conflicts_with_the_environment_can_be_cleared(run: Run) -> None:
    output(run("risk", "set", "LARGE_TRANSFER_THRESHOLD", "USD:20.00", "--reason", "A wave of fraud"))
    both = {"CURRENCIES": "USD,EUR", "SECRET_KEY": "x" * 32, "PORT": "0"}
    served = run("serve", **both)
    assert (served.returncode, served.stdout) == (1, "")
    assert served.stderr == (
        "A risk setting in the database is not valid in this environment: LARGE_TRANSFER_THRESHOLD has no amount "
        "for EUR; write it like USD:100.00,JPY:15000. Clear it with `pocketpay operator risk clear`.\n"
    )
    cleared = run("risk", "clear", "LARGE_TRANSFER_THRESHOLD", "--reason", "Two currencies now", **both)
    assert output(cleared) == "LARGE_TRANSFER_THRESHOLD is 500.00, as in the environment.\n"
