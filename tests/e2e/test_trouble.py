"""Operator errors are reported in one sentence, and a server recovers from faults by itself."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.e2e import processes
from tests.e2e.processes import Installation

SECRET = "a key for tests, thirty-two bytes or more"
NOWHERE = "postgresql://127.0.0.1:1/x"


@pytest.fixture(scope="module")
def outside(cluster_home: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that the servers did not start."""
    with EmbeddedPostgres(cluster_home / "brought", system_home=cluster_home / "home") as postgres:
        yield postgres


@pytest.mark.parametrize(
    ("verb", "settings", "says"),
    [
        ("serve", {"DATABASE_URL": NOWHERE, "SECRET_KEY": ""}, "SECRET_KEY"),
        ("serve", {"DATABASE_URL": NOWHERE, "SECRET_KEY": "short"}, "SECRET_KEY"),
        ("serve", {"CURRENCIES": "XXY"}, "CURRENCIES"),
        ("serve", {"PORT": "99999"}, "PORT"),
        ("serve", {"POCKETPAY_DATA": "/proc/nowhere"}, "POCKETPAY_DATA"),
        ("serve", {"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL"),
        ("serve", {"DATABASE_URL": "postgresql://127.0.0.1:99999/x"}, "DATABASE_URL"),
        ("serve", {"DATABASE_URL": "postgresql://me:p/q@127.0.0.1/x"}, "DATABASE_URL"),
        ("serve", {"DATABASE_URL": "postgresql://[::1/x"}, "DATABASE_URL"),
        ("migrate", {"DATABASE_URL": NOWHERE}, "DATABASE_URL"),
        ("audit", {"DATABASE_URL": NOWHERE}, "DATABASE_URL"),
        ("serve", {"POCKETPAY_DATA": "in-the-way"}, "POCKETPAY_DATA"),
        ("audit", {"POCKETPAY_DATA": "in-the-way/below"}, "POCKETPAY_DATA"),
    ],
)
def test_wrong_settings_are_reported_in_one_sentence(
    installation: Installation, verb: str, settings: dict[str, str], says: str
) -> None:
    (installation.folder / "in-the-way").write_text("")
    assert_one_sentence(installation, verb, says, **({"SECRET_KEY": SECRET} | settings))


def test_a_settings_file_that_is_not_text_is_reported_in_one_sentence(installation: Installation) -> None:
    (installation.folder / ".env").write_bytes(b"\xff\xfe\x00")
    try:
        assert_one_sentence(installation, "serve", ".env")
    finally:
        (installation.folder / ".env").unlink()


def assert_one_sentence(installation: Installation, verb: str, says: str, **settings: str) -> None:
    """Checks that the command prints one sentence on stderr that names what to correct, and fails."""
    ended = installation.run(verb, **settings)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1), ended.stderr
    assert says in ended.stderr
    assert "p/q" not in ended.stderr


async def test_an_external_database_is_accepted_only_at_the_servers_revision(
    installation: Installation, outside: EmbeddedPostgres
) -> None:
    owner = outside.owner_dsn
    settings = {"DATABASE_URL": outside.server_dsn, "DATABASE_OWNER_URL": owner, "SECRET_KEY": SECRET}
    assert_one_sentence(installation, "serve", "Run `pocketpay migrate`", **settings)
    assert_one_sentence(installation, "audit", "Run `pocketpay migrate`", **settings)
    migrated = installation.run("migrate", **settings)
    assert (migrated.returncode, migrated.stdout[:28]) == (0, "The database is at revision "), migrated.stderr
    running = installation.start(**settings)
    assert running.stop() == 0
    await _set_revision(owner, "9999")
    assert_one_sentence(installation, "serve", "Install a newer server", **settings)
    assert_one_sentence(installation, "audit", "Install a newer server", **settings)


async def _set_revision(dsn: str, revision: str) -> None:
    """Makes the tables those of a later revision that serves no earlier server."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("update alembic_version set version_num = $1", revision)
        await connection.execute("delete from served_revisions")
    finally:
        await connection.close()


def _inodes(installation: Installation) -> list[int]:
    return [(installation.data / "cluster" / file).stat().st_ino for file in ("PG_VERSION", "base")]


def test_the_first_start_changes_no_mode_of_other_files_and_the_second_uses_the_same_database(
    cluster_home: Path,
) -> None:
    private = cluster_home / "somebodys"
    private.mkdir(mode=0o711)
    (private / "beside").write_text("")
    with processes.installation(private / "installation") as installation:
        program = Path(processes.__file__).parents[2] / "pocketpay"
        seen = [*private.parents, private, private / "beside", installation.folder, program, *program.rglob("*.py")]
        before = [stat.S_IMODE(path.stat().st_mode) for path in seen]
        assert installation.start().stop() == 0
        assert installation.run("audit").returncode == 0
        assert [stat.S_IMODE(path.stat().st_mode) for path in seen] == before
        assert stat.S_IMODE(installation.data.stat().st_mode) == 0o700
        kept = {
            path.name: stat.S_IMODE(path.lstat().st_mode) for path in installation.data.iterdir() if path.is_file()
        }
        assert kept == {"secret_key": 0o600, "serving": 0o600, "starting": 0o600}
        if os.geteuid() == 0:
            assert {path.name for path in private.iterdir()} == {"beside", "installation"}
        created = _inodes(installation)
        assert installation.start().stop() == 0
        assert _inodes(installation) == created
