"""Starts the services of docker-compose.yml without containers: with the same environment, script and order."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from pocketpay.database import revisions
from tests.deployment.containers import compose, health_command
from tests.deployment.outside import ADMINISTRATOR, Outside, outside_postgres
from tests.deployment.test_compose import SECRETS
from tests.e2e import processes
from tests.e2e.customer import SIGN_IN, Customer, at, sign_up
from tests.e2e.processes import Installation, Running
from tests.importing.exports import csv_file, person

NEW_DATABASE = (
    "create database restored owner pocketpay_owner template template0 encoding 'UTF8' "
    "locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"
)
PASSWORDS = {name: SECRETS[name] for name in ("POCKETPAY_OWNER_PASSWORD", "POCKETPAY_PASSWORD")}


@pytest.fixture(scope="module")
def outside(cluster_home: Path) -> Iterator[Outside]:
    """The service `postgres`, with its logins created."""
    with outside_postgres(cluster_home / "outside", cluster_home / "home") as postgres:
        made = postgres.make_logins(**PASSWORDS)
        assert made.returncode == 0, made.stderr
        yield postgres


@pytest.fixture(scope="module")
def environment(outside: Outside) -> Callable[[str], dict[str, str]]:
    """Returns the environment that compose gives a service, with PostgreSQL on this machine."""

    def of(service: str) -> dict[str, str]:
        said = compose(SECRETS)["services"][service]["environment"]
        here = f"@127.0.0.1:{outside.port}/"
        return {name: value.replace("@postgres:5432/", here) for name, value in said.items() if value is not None}

    return of


@pytest.fixture(scope="module")
def installation(cluster_home: Path) -> Iterator[Installation]:
    with processes.installation(cluster_home / "production") as made:
        yield made


@pytest.fixture(scope="module")
def migrated(
    installation: Installation, environment: Callable[[str], dict[str, str]]
) -> "subprocess.CompletedProcess[str]":
    """The service `migrate`, run until it ends."""
    return installation.run("migrate", **environment("migrate"))


@pytest.fixture(scope="module")
def server(
    installation: Installation,
    migrated: "subprocess.CompletedProcess[str]",
    environment: Callable[[str], dict[str, str]],
) -> Iterator[Running]:
    """The service `api`."""
    assert migrated.returncode == 0, migrated.stderr
    running = installation.start(**environment("api"))
    yield running
    assert running.stop() == 0
    assert running.tracebacks() == []


def test_migrate_prints_the_final_revision_and_logs_each_step(
    migrated: "subprocess.CompletedProcess[str]",
) -> None:
    assert migrated.stdout == f"The database is at revision {revisions.expected()}.\n"
    logged = [json.loads(line) for line in migrated.stderr.splitlines()]
    assert {(line["logger"], line["event"]) for line in logged} == {("pocketpay.migrations", "migrating")}
    assert [line["revision"] for line in logged][-1] == revisions.expected()


def test_running_the_script_of_logins_again_changes_the_passwords(outside: Outside) -> None:
    made = outside.make_logins(**PASSWORDS | {"POCKETPAY_OWNER_PASSWORD": 'it\'s "another" \\ one'})
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    assert outside.make_logins(**PASSWORDS).returncode == 0


@pytest.mark.parametrize("missing", PASSWORDS)
def test_a_login_without_a_password_is_not_created(outside: Outside, missing: str) -> None:
    refused = outside.make_logins(**PASSWORDS | {missing: ""})
    assert refused.returncode != 0
    assert f"{missing}: is missing" in refused.stderr


async def test_the_servers_login_owns_nothing_and_can_create_nothing(server: Running, outside: Outside) -> None:
    connection = await asyncpg.connect(outside.dsn("pocketpay", SECRETS["POCKETPAY_PASSWORD"]))
    try:
        assert await connection.fetchval("select count(*) from pg_class where relowner = 'pocketpay'::regrole") == 0
        for refused in ("create role eve", "create table t ()", "create schema s"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(refused)
    finally:
        await connection.close()
    assert "database_warning" not in server.log.read_text()


def test_people_are_imported_with_the_servers_login(
    installation: Installation, server: Running, environment: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    file = csv_file(tmp_path, person(1, balance="12.50"), person(2, encrypted_password="", balance="0.00"))
    for expected in ("2 people imported; 1 opening balance posted: 12.50 USD.", "0 people imported"):
        moved = installation.run("import-supabase", str(file), **environment("api"))
        assert (moved.returncode, moved.stderr) == (0, "")
        assert expected in moved.stdout.splitlines()[-1]


async def test_people_sign_up_and_pay(server: Running) -> None:
    async with at(server.url) as http:
        ada, bea = await sign_up(http, "ada"), await sign_up(http, "bea")
        await ada.deposit("100")  # in production there is no welcome bonus unless it is enabled
        paid = await ada.transfer("bea", "25")
        assert paid["transaction"]["status"] == "PENDING_CONFIRMATION"
        confirmed = await ada.ask(
            "mutation ($id: ID!) { confirmTransfer(id: $id) { transaction { status } errors { code } } }",
            id=paid["transaction"]["id"],
        )
        assert confirmed == {"transaction": {"status": "COMPLETED"}, "errors": []}
        assert (await bea.ask("{ wallet { available { amount } } }"))["available"] == {"amount": "25.00"}


def test_a_backup_of_the_running_server_is_restored_with_the_same_logins(
    installation: Installation, server: Running, outside: Outside, environment: Callable[[str], dict[str, str]]
) -> None:
    """The owner is no superuser, and PostgreSQL is reached with passwords."""
    asyncio.run(_as_administrator(outside, NEW_DATABASE))
    made = installation.run("backup", "running.backup", **environment("migrate"))
    assert (made.returncode, made.stderr) == (0, "")
    elsewhere = {
        name: value.removesuffix("/pocketpay") + "/restored" if name.startswith("DATABASE_") else value
        for name, value in environment("migrate").items()
    }
    restored = installation.run("restore", "running.backup", **elsewhere)
    assert restored.returncode == 0, restored.stderr
    assert "The ledger is correct" in restored.stdout
    again = installation.run("restore", "running.backup", **elsewhere)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("The database has tables already")


async def _as_administrator(outside: Outside, statement: str) -> None:
    connection = await asyncpg.connect(outside.dsn("postgres", quote(ADMINISTRATOR), "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_production_serves_no_explorer_and_no_schema(server: Running) -> None:
    async with at(server.url) as http:
        page = await http.get("/graphql", headers={"Accept": "text/html"})
        assert "text/html" not in page.headers["content-type"]
        assert (await http.get("/schema.graphql")).status_code == 404
        asked = (await http.post("/graphql", json={"query": "{ __schema { types { name } } }"})).json()
        assert "data" not in asked or asked["data"] is None
        assert asked["errors"]


async def test_production_limits_sign_ins_by_address(server: Running) -> None:
    async with at(server.url) as http:
        codes = []
        for n in range(21):
            nobody = Customer(http, f"nobody_{n}", "none", "none")
            answer = await nobody.ask(SIGN_IN, input={"login": nobody.username, "password": "not a password"})
            codes.append(answer["errors"][0]["code"])
        assert codes == [*["INVALID_CREDENTIALS"] * 20, "RATE_LIMITED"]


@pytest.mark.parametrize("asked", ["the image", "compose"])
def test_the_health_check_reports_health_by_its_exit_code(server: Running, asked: str) -> None:
    command = health_command()
    if asked == "compose":
        keyword, *command = compose(SECRETS)["services"]["api"]["healthcheck"]["test"]
        assert keyword == "CMD"
    port = server.url.rpartition(":")[2]
    for number, well in ((port, True), ("1", False)):
        done = subprocess.run(
            [sys.executable, *command[1:]],
            env={"PORT": number, "PATH": os.environ["PATH"]},
            capture_output=True,
            check=False,
            timeout=15,
        )
        assert (done.returncode == 0) is well, done.stderr
