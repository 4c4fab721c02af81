"""`pocketpay backup` and `pocketpay restore`: every kind of file is restored, every bad one is refused."""

import asyncio
import itertools
import json
import os
import signal
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from pocketpay.cli import main, stops, streams
from pocketpay.database import revisions
from pocketpay.database.backups import file, restore, source
from pocketpay.database.backups.contents import contents, require_empty
from pocketpay.database.backups.tools import Tools, address_of, first_error, tools_for
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import DatabaseUnavailable, NoTables, WrongRevision
from pocketpay.database.roles import LOGIN, OWNER, READER, SERVER
from pocketpay.errors import PocketPayError
from pocketpay.operations import audit
from tests.conftest import Dsns
from tests.databases import fresh_copy
from tests.operations.town import trade

KEY = b"the key that signs tokens, as long as it has to be, and more"
ABOUT = file.About(revisions.expected(), "18.4", "2026-01-02T03:04:05+00:00")
ROWS = "select md5(string_agg(rows::text, chr(10) order by rows::text)) from {} rows"
TABLES = ("users", "transactions", "ledger_entries", "ledger_accounts", "operator_actions", "alembic_version")

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def tools() -> Tools:
    return tools_for(18)


@pytest.fixture(scope="module")
def town(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A database with real payments."""
    with fresh_copy(postgres) as dsns:
        asyncio.run(trade(dsns))
        execute(dsns.owner, "grant select on cards to pg_monitor")
        yield dsns


@pytest.fixture(scope="module")
def dumps(town: Dsns, tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same database in every kind of backup file. Each file names a role that no longer exists."""
    folder = tmp_path_factory.mktemp("dumps")
    stranger = f"stranger_{os.urandom(4).hex()}"
    for statement in ("create role {0}", "alter table throttles owner to {0}", "grant select on cards to {0}"):
        execute(town.owner, statement.format(stranger))
    made = {name: folder / name for name in ("backup", "custom", "plain", "inserts")}
    file.write(made["backup"], ABOUT, KEY, tools=tools, address=address_of(town.owner))
    pg_dump(tools, town, "--format=custom", f"--file={made['custom']}")
    pg_dump(tools, town, f"--file={made['plain']}")
    pg_dump(tools, town, "--inserts", f"--file={made['inserts']}")
    execute(town.owner, f"alter role {stranger} rename to former_{stranger}")
    assert f"OWNER TO {stranger}" in made["plain"].read_text()
    return made


def pg_dump(tools: Tools, dsns: Dsns, *options: str) -> None:
    tools.run("pg_dump", *options, address=address_of(dsns.owner))


@contextmanager
def empty_database(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    name = f"target_{os.getpid()}_{next(_numbers)}"
    execute(postgres.dsn(OWNER, "postgres"), f"create database {name} owner {OWNER}")
    yield Dsns(server=postgres.dsn(LOGIN, name), owner=postgres.dsn(OWNER, name))
    execute(postgres.dsn(OWNER, "postgres"), f"drop database {name} with (force)")


@pytest.fixture
def target(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A database without tables."""
    with empty_database(postgres) as dsns:
        yield dsns


def execute(dsn: str, statement: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def rows(dsns: Dsns) -> dict[str, object]:
    """A checksum of each table's rows."""
    return {table: execute(dsns.owner, ROWS.format(table)) for table in TABLES}


def findings(dsn: str) -> list[str]:
    async def all_of() -> list[str]:
        return [finding.problem async for finding in audit.findings(dsn)]

    return asyncio.run(all_of())


@contextmanager
def without_roles(dsn: str) -> Iterator[None]:
    """During the block, the cluster has no roles of Pocket Pay, like a new one. Other databases use the roles, so
    they are renamed instead of dropped."""
    for name in (SERVER, READER):
        execute(dsn, f"alter role {name} rename to away_{name}")
    try:
        yield
    finally:
        for name in (SERVER, READER):
            if execute(dsn, f"select to_regrole('{name}')") is not None:
                execute(dsn, f"drop owned by {name}")
                execute(dsn, f"drop role {name}")
            execute(dsn, f"alter role away_{name} rename to {name}")


def test_every_form_of_a_dump_is_restored_into_a_cluster_without_roles(
    dumps: dict[str, Path], town: Dsns, postgres: EmbeddedPostgres
) -> None:
    for path in dumps.values():
        with empty_database(postgres) as target, without_roles(target.owner):
            restored = restore.into_database(path, target.owner, target.server)
            assert restored.revision == revisions.expected()
            assert rows(target) == rows(town), path.name
            assert findings(target.server) == [], path.name
            assert not execute(target.owner, "select has_table_privilege('pg_monitor', 'cards', 'select')")


def test_a_backup_restored_into_a_data_directory_has_its_rows_and_its_key(
    dumps: dict[str, Path], town: Dsns, cluster_home: Path
) -> None:
    restored = EmbeddedPostgres(cluster_home / "restored", durable=False, system_home=cluster_home / "home")
    left = restored.data / "restoring" / "cluster"
    left.mkdir(parents=True, mode=0o700)
    (left / "PG_VERSION").write_text("left by an interrupted restore")
    audited: list[tuple[str, ...]] = []
    found, code = restore.into_data_directory(dumps["backup"], restored, lambda *dsns: _keep(audited, dsns))
    assert (found.key, code, len(audited)) == (KEY, 3, 1)
    assert sorted(os.listdir(restored.data)) == ["cluster", "secret_key", "serving", "starting"]
    assert (restored.data / "secret_key").read_bytes() == KEY
    assert stat.S_IMODE((restored.data / "secret_key").stat().st_mode) == 0o600
    with restored:
        assert rows(Dsns(server=restored.server_dsn, owner=restored.owner_dsn)) == rows(town)
        assert findings(restored.server_dsn) == []
        with pytest.raises(DatabaseUnavailable, match="A server is running on the data"):
            restore.into_data_directory(dumps["backup"], restored, unaudited)
    with pytest.raises(DatabaseUnavailable, match="has a database already"):
        restore.into_data_directory(dumps["backup"], restored, unaudited)


def _keep(audited: list[tuple[str, ...]], dsns: tuple[str, ...]) -> int:
    audited.append(dsns)
    return 3


def unaudited(*_: str) -> int:
    raise AssertionError("nothing was restored that could be audited")


def test_another_key_in_the_data_directory_is_not_replaced(dumps: dict[str, Path], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "secret_key").write_bytes(KEY[::-1])
    with pytest.raises(DatabaseUnavailable, match="has another key than the backup"):
        restore.into_data_directory(dumps["backup"], EmbeddedPostgres(data), unaudited)
    assert (data / "secret_key").read_bytes() == KEY[::-1]


def test_a_failed_restore_leaves_the_data_directory_without_a_database(
    dumps: dict[str, Path], cluster_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EmbeddedPostgres, "start", fail)
    postgres = EmbeddedPostgres(cluster_home / "failed", durable=False, system_home=cluster_home / "home")
    with pytest.raises(DatabaseUnavailable, match="No space is left"):
        restore.into_data_directory(dumps["backup"], postgres, unaudited)
    assert sorted(os.listdir(postgres.data)) == ["serving", "starting"]


def test_a_restore_that_fails_midway_changes_nothing(dumps: dict[str, Path], target: Dsns, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sql"
    until_last_rows, _, rest = dumps["plain"].read_text().rpartition("\\.\n")
    broken.write_text(until_last_rows + "\\.\nselect 1 / 0;\n" + rest)
    execute(target.owner, "create type theirs as enum ()")
    with pytest.raises(DatabaseUnavailable, match=r"was not restored \(division by zero\)"):
        restore.into_database(broken, target.owner, target.server)
    execute(
        target.owner,
        "create function transactions_guard() returns trigger language plpgsql as 'begin return null; end'",
    )
    for form in ("backup", "custom"):
        with pytest.raises(DatabaseUnavailable, match='function "transactions_guard" already exists'):
            restore.into_database(dumps[form], target.owner, target.server)
    assert asyncio.run(require_empty(target.owner)) == 18
    assert execute(target.owner, "select count(*) from pg_proc where pronamespace = 'public'::regnamespace") == 1


def test_an_owner_that_cannot_create_the_roles_restores_nothing(dumps: dict[str, Path], target: Dsns) -> None:
    weak = f"weak_{os.urandom(4).hex()}"
    execute(target.owner, f"create role {weak}")
    execute(target.owner, f"alter database {target.owner.partition('@/')[2].partition('?')[0]} owner to {weak}")
    with without_roles(target.owner), pytest.raises(DatabaseUnavailable, match="cannot create roles"):
        restore.into_database(dumps["backup"], f"{target.owner}&role={weak}", target.server)
    assert asyncio.run(require_empty(target.owner)) == 18


def test_a_restore_into_a_database_with_tables_is_refused(dumps: dict[str, Path], town: Dsns, target: Dsns) -> None:
    execute(target.owner, "create table theirs ()")
    for dsns in (town, target):
        with pytest.raises(DatabaseUnavailable, match="has tables already, and a restore needs an empty one"):
            restore.into_database(dumps["backup"], dsns.owner, dsns.server)


def test_an_empty_database_is_not_backed_up(target: Dsns) -> None:
    with pytest.raises(NoTables):
        asyncio.run(contents(target.owner))


def cut(path: Path, share: float) -> bytes:
    content = path.read_bytes()
    return content[: int(len(content) * share)]


def flipped(path: Path, place: int) -> bytes:
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    return bytes(content)


def zipped(**members: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name.replace("_", "."), content)

    return write


def about(**changes: object) -> bytes:
    return json.dumps({"revision": "0024", "format": 1, **changes}).encode()


def test_damaged_files_are_refused_with_one_sentence(dumps: dict[str, Path], tools: Tools, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    for form in dumps:
        for share in (0.2, 0.6, 0.99):
            damaged.write_bytes(cut(dumps[form], share))
            with pytest.raises(DatabaseUnavailable, match="is not complete") as refused:
                source.checked(damaged, tools)
            assert "\n" not in str(refused.value)
    size = dumps["backup"].stat().st_size
    for place in (size // 3, size // 2):
        damaged.write_bytes(flipped(dumps["backup"], place))
        with pytest.raises(DatabaseUnavailable, match=r"database\.dump in the file is damaged"):
            source.checked(damaged, tools)


def test_files_of_other_programs_are_refused_with_one_sentence(
    dumps: dict[str, Path], tools: Tools, target: Dsns, tmp_path: Path
) -> None:
    execute(target.owner, "create table alembic_versions (version_num text)")
    for name, options in (("theirs", ["--format=custom"]), ("theirs.sql", [])):
        pg_dump(tools, target, *options, f"--file={tmp_path / name}")
    other = tmp_path / "other"
    refusals: list[tuple[Path, Callable[[Path], object] | None, str]] = [
        (tmp_path / "missing", None, r"Cannot read .*missing \(No such file or directory\)"),
        (tmp_path, None, r"Cannot read .* \(Is a directory\)"),
        (other, lambda path: path.write_text(""), "is not a backup of Pocket Pay"),
        (other, lambda path: path.write_text("-- MySQL dump 10.13\n"), "is not a backup of Pocket Pay"),
        (other, zipped(word_document=b"x"), "is not a backup of Pocket Pay"),
        (other, zipped(pocketpay_json=about()), "is not complete"),
        (other, zipped(pocketpay_json=b"[]", database_dump=b""), "is not complete"),
        (other, zipped(pocketpay_json=about(format=2), database_dump=b""), "was made by a newer version"),
        (
            other,
            zipped(pocketpay_json=about(revision="9999"), database_dump=b""),
            "is of revision 9999, which is newer",
        ),
        (tmp_path / "theirs", None, "is a dump without the tables of Pocket Pay"),
        (tmp_path / "theirs.sql", None, "is a dump without the tables of Pocket Pay"),
    ]
    for path, write, sentence in refusals:
        if write is not None:
            write(path)
        with pytest.raises(PocketPayError, match=sentence) as refused:
            source.checked(path, tools)
        assert "\n" not in str(refused.value)


def test_a_file_may_be_named_by_a_relative_path(
    dumps: dict[str, Path], tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in dumps.values():
        monkeypatch.chdir(path.parent)
        assert source.checked(Path(path.name), tools).revision == revisions.expected()


def test_a_dump_of_a_later_revision_is_refused_before_anything_changes(
    dumps: dict[str, Path], target: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "known", lambda: frozenset({"0001"}))
    for path in dumps.values():
        with pytest.raises(WrongRevision, match="which is newer than this version"):
            restore.into_database(path, target.owner, target.server)
    assert asyncio.run(require_empty(target.owner)) == 18


def test_a_backup_that_cannot_be_written_leaves_no_file(
    town: Dsns, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, address: str = town.owner) -> int:
        return file.write(path, ABOUT, KEY, tools=tools, address=address_of(address))

    taken = tmp_path / "taken"
    taken.write_text("")
    for path, sentence in ((taken, "exists already"), (tmp_path / "no" / "folder", "No such file or directory")):
        with pytest.raises(DatabaseUnavailable, match=sentence):
            write(path)
    with pytest.raises(DatabaseUnavailable, match=r'pg_dump failed: .*"nowhere" does not exist'):
        write(tmp_path / "new", _elsewhere(town.owner))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(DatabaseUnavailable, match=r"No space is left for .*: free some"):
        write(tmp_path / "new")
    assert os.listdir(tmp_path) == ["taken"]


def _elsewhere(dsn: str) -> str:
    head, _, tail = dsn.partition("@/")
    return f"{head}@/nowhere?{tail.partition('?')[2]}"


def test_programs_get_addresses_in_their_environment_not_in_their_arguments() -> None:
    secret = "p@ss word'"
    url = (
        "postgresql+asyncpg://me:p%40ss%20word%27@db1,db2:5433/a%20base?sslmode=verify-full&sslrootcert=/ca.pem"
        "&pgbouncer=true&search_path=a%20b&connect_timeout=3"
    )
    assert address_of(url).variables == {
        "PGUSER": "me",
        "PGPASSWORD": secret,
        "PGDATABASE": "a base",
        "PGHOST": "db1,db2",
        "PGPORT": "5432,5433",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
        "PGOPTIONS": r"-c search_path=a\ b",
        "PGCONNECT_TIMEOUT": "10",
        "PGTARGETSESSIONATTRS": "read-write",
    }
    assert secret not in repr(address_of(url))


def test_a_database_newer_than_the_installed_programs_is_not_backed_up() -> None:
    with pytest.raises(DatabaseUnavailable, match="No pg_dump of PostgreSQL 99 or newer is installed here"):
        tools_for(99)


def test_the_first_error_of_a_program_is_its_reason() -> None:
    said = (
        'pg_restore: warning: x\npg_restore: error: could not execute query: ERROR:  role "x" does not exist.\n'
        "Command was: ALTER\n"
    )
    assert first_error(said) == 'role "x" does not exist'
    assert first_error("") == "no reason given"


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs a command in this process, in the folder of the test. Returns its exit code and its output."""
    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(streams, "protect", lambda: None)
    monkeypatch.setattr(stops, "exit_on_stop_signal", lambda code=None: None)
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, dsns: Dsns) -> tuple[int, str, str]:
        monkeypatch.setenv("DATABASE_URL", dsns.server)
        monkeypatch.setenv("DATABASE_OWNER_URL", dsns.owner)
        monkeypatch.setattr("sys.argv", ["pocketpay", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return (ended.value.code, *capsys.readouterr())

    yield command
    signal.signal(signal.SIGINT, handler)


def test_the_commands_print_what_they_did(run: Run, town: Dsns, target: Dsns, tmp_path: Path) -> None:
    code, out, err = run("backup", dsns=town)
    (path,) = tmp_path.glob("pocketpay-*.backup")
    assert (code, err) == (0, "")
    assert out.startswith(f"Wrote {path.name} (")
    assert f"the database at revision {revisions.expected()}.\nThe backup does not contain SECRET_KEY." in out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["pocketpay.json", "database.dump"]

    assert run("restore", path.name, dsns=target) == (
        0,
        f"The ledger is correct: all {len(audit.PROOFS)} laws hold.\nRestored {path.name}.\n"
        "The backup contains no key. Set SECRET_KEY to the key of the server that made it.\n",
        "",
    )
    assert rows(target) == rows(town)

    for arguments in (["restore", path.name], ["restore", "missing"], ["backup", path.name]):
        code, out, err = run(*arguments, dsns=target)
        assert (code, out, err.count("\n")) == (1, "", 1), err


def test_a_database_of_a_later_version_is_backed_up_by_an_earlier_one(
    run: Run, town: Dsns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During a rolling upgrade the nightly backup of the earlier version still works."""
    monkeypatch.setattr(revisions, "known", lambda: frozenset({"0001"}))
    assert run("backup", "later.backup", dsns=town)[0] == 0
    assert (tmp_path / "later.backup").exists()


def test_a_restored_database_with_errors_is_kept_and_reported(
    run: Run, dumps: dict[str, Path], target: Dsns, tmp_path: Path
) -> None:
    """The errors were in the database that was dumped, and the operator needs its data to find them."""
    damaged = tmp_path / "damaged.sql"
    guard = "ALTER TABLE public.users ENABLE ALWAYS TRIGGER users_immutable;\n"
    text = dumps["plain"].read_text()
    assert guard in text
    damaged.write_text(text.replace(guard, ""))
    code, out, _ = run("restore", str(damaged), dsns=target)
    assert (code, out.count("\n")) == (1, 4)
    assert "users_immutable: the trigger is not ENABLE ALWAYS" in out
    assert execute(target.owner, "select count(*) > 0 from ledger_entries")
