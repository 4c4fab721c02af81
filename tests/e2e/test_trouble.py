"""What an operator does wrong is told in a sentence; what goes wrong by itself mends by itself."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.e2e import processes
from tests.e2e.processes import House

SECRET = "a key for tests, thirty-two bytes or more"
NOWHERE = "postgresql://127.0.0.1:1/x"


@pytest.fixture(scope="module")
def outside(cluster_home: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that the servers did not bring."""
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
def test_wrong_settings_are_told_in_one_sentence(
    house: House, verb: str, settings: dict[str, str], says: str
) -> None:
    (house.folder / "in-the-way").write_text("")
    told(house, verb, says, **({"SECRET_KEY": SECRET} | settings))


def test_settings_file_that_is_no_text_is_told_in_one_sentence(house: House) -> None:
    (house.folder / ".env").write_bytes(b"\xff\xfe\x00")
    try:
        told(house, "serve", ".env")
    finally:
        (house.folder / ".env").unlink()


def told(house: House, verb: str, says: str, **settings: str) -> None:
    """The verb ends with one sentence on stderr, which names what to mend, and an exit code that is not 0."""
    ended = house.run(verb, **settings)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1), ended.stderr
    assert says in ended.stderr
    assert "p/q" not in ended.stderr


async def test_outside_database_is_served_at_this_servers_revision_only(
    house: House, outside: EmbeddedPostgres
) -> None:
    owner = outside.owner_dsn
    settings = {"DATABASE_URL": outside.server_dsn, "DATABASE_OWNER_URL": owner, "SECRET_KEY": SECRET}
    told(house, "serve", "Run `pocketpay migrate`", **settings)
    told(house, "audit", "Run `pocketpay migrate`", **settings)
    migrated = house.run("migrate", **settings)
    assert (migrated.returncode, migrated.stdout[:28]) == (0, "The database is at revision "), migrated.stderr
    running = house.start(**settings)
    assert running.stop() == 0
    await _set_revision(owner, "9999")
    told(house, "serve", "Install a newer server", **settings)
    told(house, "audit", "Install a newer server", **settings)


async def _set_revision(dsn: str, revision: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("update alembic_version set version_num = $1", revision)
    finally:
        await connection.close()


def test_second_start_goes_on_with_the_same_database(cluster_home: Path) -> None:
    """It makes no cluster and migrates nothing: that is what makes it quick."""
    with processes.house(cluster_home / "again") as house:
        assert house.start().stop() == 0
        made = _inodes(house)
        assert house.start().stop() == 0
        assert _inodes(house) == made


def _inodes(house: House) -> list[int]:
    return [(house.data / "cluster" / file).stat().st_ino for file in ("PG_VERSION", "base")]


def test_no_mode_is_changed_outside_our_own_folders(cluster_home: Path) -> None:
    private = cluster_home / "somebodys"
    private.mkdir(mode=0o711)
    (private / "beside").write_text("")
    with processes.house(private / "house") as house:
        program = Path(processes.__file__).parents[2] / "pocketpay"
        seen = [*private.parents, private, private / "beside", house.folder, program, *program.rglob("*.py")]
        before = [stat.S_IMODE(path.stat().st_mode) for path in seen]
        assert house.start().stop() == 0
        assert house.run("audit").returncode == 0
        assert [stat.S_IMODE(path.stat().st_mode) for path in seen] == before
        assert stat.S_IMODE(house.data.stat().st_mode) == 0o700
        kept = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in house.data.iterdir() if path.is_file()}
        assert kept == {"secret_key": 0o600, "serving": 0o600, "starting": 0o600}
        if os.geteuid() == 0:
            assert {path.name for path in private.iterdir()} == {"beside", "house"}
