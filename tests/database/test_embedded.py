"""The embedded PostgreSQL: started once, shared by servers, restarted when it dies, and stopped cleanly."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from pocketpay.database.embedded import programs
from pocketpay.database.embedded.cluster import HERE, Cluster
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import DatabaseUnavailable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become another user")

Make = Callable[..., EmbeddedPostgres]


@pytest.fixture
def make(cluster_home: Path) -> Iterator[Make]:
    """Creates servers on the data directory that these tests share, or on another; stops what a test left running."""
    made: list[EmbeddedPostgres] = []

    def factory(name: str = "shared") -> EmbeddedPostgres:
        server = EmbeddedPostgres(cluster_home / name, durable=False, system_home=cluster_home / "home")
        made.append(server)
        return server

    yield factory
    for server in made:
        server.stop()


def ask(server: EmbeddedPostgres, question: str) -> object:
    async def asked() -> object:
        connection = await asyncpg.connect(server.server_dsn, timeout=2)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(asked())


def cluster_of(server: EmbeddedPostgres) -> Cluster:
    found = programs.find(server._system_home)
    return Cluster((server.data / "cluster").resolve(), found)


def postmaster_of(server: EmbeddedPostgres) -> int:
    pid = cluster_of(server).postmaster()
    assert pid is not None
    return pid


def test_a_started_server_accepts_its_login_and_its_owner(make: Make) -> None:
    server = make()
    server.start()
    assert ask(server, "select session_user::text") == "pocketpay"
    assert asyncio.run(_who(server.owner_dsn)) == "pocketpay_owner"


async def _who(dsn: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("select session_user::text")
    finally:
        await connection.close()


def test_no_other_login_is_accepted_and_nothing_listens_on_the_network(make: Make) -> None:
    server = make()
    server.start()
    for role in ("postgres", "root", "pocketpay_server"):
        with pytest.raises(asyncpg.PostgresError):
            asyncio.run(_who(server.dsn(role)))
    assert ask(server, "show listen_addresses") == ""
    cluster = (server.data / "cluster").resolve()
    assert stat.S_IMODE(cluster.stat().st_mode) == 0o700
    assert stat.S_IMODE((cluster / ".s.PGSQL.5432").stat().st_mode) == 0o700
    lines = (cluster / "pg_hba.conf").read_text().splitlines()
    assert [line.split() for line in lines if not line.startswith("#")] == [
        ["local", "all", "all", "peer", "map=pocketpay"],
        ["local", "replication", "all", "peer", "map=pocketpay"],
    ]


def test_a_durable_server_runs_with_fsync(cluster_home: Path) -> None:
    server = EmbeddedPostgres(cluster_home / "durable", system_home=cluster_home / "home")
    with server:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert ask(server, f"show {name}") == "on", name
        assert ask(server, "show timezone") == "UTC"
    shutil.rmtree((server.data / "cluster").resolve())


def test_access_rules_that_were_edited_by_hand_are_restored_at_the_next_start(make: Make) -> None:
    server = make()
    server.start()
    server.stop()
    hba = (server.data / "cluster").resolve() / "pg_hba.conf"
    hba.write_text("local all all trust\n")
    server.start()
    assert "trust" not in hba.read_text()


def test_a_second_server_on_a_data_directory_uses_the_postgresql_of_the_first_one(make: Make) -> None:
    first, second = make(), make()
    first.start()
    pid = postmaster_of(first)
    second.start()
    assert postmaster_of(second) == pid


def test_the_last_server_to_stop_stops_postgresql(make: Make) -> None:
    first, second = make(), make()
    first.start()
    second.start()
    first.stop()
    assert ask(second, "select 1") == 1
    second.stop()
    assert cluster_of(second).postmaster() is None


def test_a_server_that_is_started_twice_is_stopped_once(make: Make) -> None:
    server = make()
    server.start()
    server.start()
    server.stop()
    assert cluster_of(server).postmaster() is None


def test_the_control_file_records_a_clean_stop(make: Make) -> None:
    server = make()
    server.start()
    server.stop()
    found = programs.find(server._system_home)
    said = found.run("pg_controldata", HERE, timeout_seconds=5, folder=server.data / "cluster").stdout
    assert "shut down\n" in said


def test_four_servers_starting_at_once_share_one_postgresql(make: Make) -> None:
    servers = [make() for _ in range(4)]
    threads = [threading.Thread(target=server.start) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({postmaster_of(server) for server in servers}) == 1
    assert [ask(server, "select 1") for server in servers] == [1, 1, 1, 1]


async def test_a_killed_postgresql_is_restarted_within_five_seconds(make: Make) -> None:
    server = make()
    await asyncio.to_thread(server.start)
    watch = asyncio.create_task(server.watch())
    for _ in range(2):
        pid = postmaster_of(server)
        os.kill(pid, signal.SIGKILL)
        died = time.monotonic()
        assert await asyncio.wait_for(_answer(server), 5) == 1
        assert time.monotonic() - died < 5
        assert postmaster_of(server) != pid
    watch.cancel()


async def test_a_killed_postgresql_is_restarted_by_any_of_its_servers(make: Make) -> None:
    starter, other = make(), make()
    await asyncio.to_thread(starter.start)
    await asyncio.to_thread(other.start)
    watches = [asyncio.create_task(server.watch()) for server in (starter, other)]
    os.kill(postmaster_of(starter), signal.SIGKILL)
    assert await asyncio.wait_for(_answer(other), 5) == 1
    await asyncio.to_thread(starter.stop)
    os.kill(postmaster_of(other), signal.SIGKILL)
    assert await asyncio.wait_for(_answer(other), 5) == 1
    for watch in watches:
        watch.cancel()


async def _answer(server: EmbeddedPostgres) -> object:
    while True:
        try:
            connection = await asyncpg.connect(server.server_dsn, timeout=1)
            try:
                return await connection.fetchval("select 1")
            finally:
                connection.terminate()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(0.02)


async def test_a_killed_postgresql_with_a_stuck_backend_is_restarted_within_five_seconds(make: Make) -> None:
    server = make()
    await asyncio.to_thread(server.start)
    stuck = await asyncpg.connect(server.owner_dsn)
    backend = await stuck.fetchval("select pg_backend_pid()")
    watch = asyncio.create_task(server.watch())
    os.kill(backend, signal.SIGSTOP)  # a stopped process does not notice that its postmaster has died
    os.kill(postmaster_of(server), signal.SIGKILL)
    assert await asyncio.wait_for(_answer(server), 5) == 1
    watch.cancel()
    stuck.terminate()


def test_a_zombie_postmaster_counts_as_dead(make: Make) -> None:
    import ctypes

    become_subreaper = 36
    libc = ctypes.CDLL(None)
    libc.prctl(become_subreaper, 1, 0, 0, 0)  # orphans become children of this process, which does not reap them
    try:
        server = make()
        server.start()
        pid = postmaster_of(server)
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
            time.sleep(0.01)
        assert cluster_of(server).postmaster() is None
        server.start()
        assert ask(server, "select 1") == 1
        assert postmaster_of(server) != pid
        os.waitpid(pid, 0)
    finally:
        libc.prctl(become_subreaper, 0, 0, 0, 0)


def test_a_pid_file_whose_number_belongs_to_another_process_is_ignored(make: Make) -> None:
    server = make()
    server.start()
    pid_file = (server.data / "cluster").resolve() / "postmaster.pid"
    text = pid_file.read_text()
    server.stop()
    pid_file.write_text(text.replace(text.split("\n", 1)[0], str(os.getpid()), 1))
    server.start()
    assert ask(server, "select 1") == 1


def test_postgresql_survives_the_kill_of_its_last_server_and_is_used_again(make: Make, cluster_home: Path) -> None:
    server = make()
    script = (
        "import os, signal, sys; from pathlib import Path;"
        "from pocketpay.database.embedded.server import EmbeddedPostgres;"
        "EmbeddedPostgres(Path(sys.argv[1]), durable=False, system_home=Path(sys.argv[2])).start();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, server.data, cluster_home / "home"], check=False)
    assert killed.returncode == -signal.SIGKILL
    pid = postmaster_of(server)
    server.start()
    assert postmaster_of(server) == pid
    server.stop()
    assert cluster_of(server).postmaster() is None


def test_ctrl_c_in_the_terminal_does_not_reach_postgresql(make: Make) -> None:
    server = make()
    server.start()
    pid = postmaster_of(server)
    assert os.getpgid(pid) != os.getpgid(0)
    assert os.getsid(pid) != os.getsid(0)


def test_a_path_too_long_for_a_socket_still_works(make: Make, cluster_home: Path) -> None:
    server = make(f"{'long' * 20}/{'path' * 20}")
    server.start()
    assert "self" in server.server_dsn
    assert ask(server, "select 1") == 1


def test_a_data_directory_with_spaces_and_special_characters_works(make: Make) -> None:
    server = make("a b%41,c'd&e")
    server.start()
    assert ask(server, "select 1") == 1


def test_the_next_start_removes_a_broken_first_start_and_a_broken_restore(make: Make) -> None:
    server = make("half-made")
    server.data.mkdir(mode=0o700)
    (server.data / "cluster.new").mkdir()
    (server.data / "cluster.new" / "half").write_text("made")
    (server.data / "restoring" / "cluster").mkdir(parents=True, mode=0o700)
    (server.data / "restoring" / "cluster" / "half").write_text("restored")
    server.start()
    assert ask(server, "select 1") == 1
    assert sorted(os.listdir(server.data)) == ["cluster", "serving", "starting"]


def test_an_erased_data_directory_starts_empty_and_keeps_its_secret_key(make: Make, cluster_home: Path) -> None:
    server = make("erased")
    server.start()
    (server.data / "secret_key").write_text("kept")
    asyncio.run(_write_something(server.owner_dsn))
    cluster = (server.data / "cluster").resolve()
    server.stop()
    server.erase()
    server.erase()
    assert not cluster.exists()
    assert sorted(os.listdir(server.data)) == ["secret_key", "serving", "starting"]
    server.start()
    assert ask(server, "select to_regclass('something')") is None
    assert (server.data / "secret_key").read_text() == "kept"


def test_data_in_use_is_not_erased(make: Make) -> None:
    server = make()
    server.start()
    with pytest.raises(DatabaseUnavailable, match="is running on the data in "):
        make().erase()
    assert ask(server, "select 1") == 1


def test_a_postgresql_left_running_by_a_killed_server_is_stopped_and_erased(make: Make, cluster_home: Path) -> None:
    server = make("left-running")
    server.start()
    pid = postmaster_of(server)
    assert server._serving is not None
    server._serving.release()  # the kernel does this for a killed process
    server._serving = None
    make("left-running").erase()
    assert not Path(f"/proc/{pid}/cwd").exists()
    assert not (server.data / "cluster").is_symlink()


def test_an_interrupted_erasure_is_finished_by_the_next_start(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    server = make("half-erased")
    server.start()
    cluster = (server.data / "cluster").resolve()
    old = cluster.stat().st_ino
    server.stop()
    with monkeypatch.context() as patched:
        patched.setattr("pocketpay.database.embedded.server.remove", _killed_in_the_removal)
        with pytest.raises(KeyboardInterrupt):
            server.erase()
    server.start()
    assert ask(server, "select 1") == 1
    assert sorted(os.listdir(server.data)) == ["cluster", "serving", "starting"]
    assert (server.data / "cluster").resolve().stat().st_ino != old


def _killed_in_the_removal(path: Path) -> None:
    """Removes half of a cluster, like a process that is killed while it removes one."""
    if path.exists():
        (path / "PG_VERSION").unlink()
        raise KeyboardInterrupt


def test_a_broken_link_is_erased(make: Make) -> None:
    server = make("nowhere")
    server.data.mkdir(mode=0o700)
    (server.data / "cluster").symlink_to(server.data / "gone")
    server.erase()
    assert not (server.data / "cluster").is_symlink()


def test_a_copied_or_moved_data_directory_is_independent(make: Make) -> None:
    """The copy belongs to the user who made it, as with `cp -r`: root's copy does not belong to PostgreSQL's user."""
    original = make("original")
    original.start()
    asyncio.run(_execute(original.owner_dsn, "create table written (by text); grant select on written to public"))
    original.stop()
    copy = make("copy")
    shutil.copytree(original.data, copy.data, symlinks=True)
    original.start()
    copy.start()
    assert postmaster_of(original) != postmaster_of(copy)
    for server, name in ((original, "the original"), (copy, "the copy")):
        asyncio.run(_execute(server.owner_dsn, f"insert into written values ('{name}')"))
    assert ask(original, "select array_agg(by) from written") == ["the original"]
    original.stop()
    assert ask(copy, "select array_agg(by) from written") == ["the copy"]
    copy.stop()

    moved = make("moved")
    shutil.rmtree(original.data)
    copy.data.rename(moved.data)
    moved.start()
    assert ask(moved, "select array_agg(by) from written") == ["the copy"]
    moved.stop()
    shutil.rmtree(moved.data)


def test_a_copy_made_while_postgresql_runs_is_refused_and_a_crashed_folder_is_not(make: Make) -> None:
    server, torn = make(), make("torn")
    server.start()
    shutil.copytree(server.data, torn.data, symlinks=True, ignore=shutil.ignore_patterns(".s.PGSQL*"))
    with pytest.raises(DatabaseUnavailable, match="use `pocketpay backup`") as refused:
        torn.start()
    assert "\n" not in str(refused.value)
    os.kill(postmaster_of(server), signal.SIGKILL)
    server.start()
    assert ask(server, "select 1") == 1


def test_a_directory_with_other_files_is_not_erased(make: Make, cluster_home: Path) -> None:
    home = cluster_home / "music"
    (home / "songs").mkdir(parents=True)
    with pytest.raises(DatabaseUnavailable, match="POCKETPAY_DATA"):
        make("music").erase()
    assert os.listdir(home) == ["songs"]


async def _write_something(dsn: str) -> None:
    await _execute(dsn, "create table something ()")


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def test_a_data_directory_with_other_files_is_refused_and_left_unchanged(make: Make, cluster_home: Path) -> None:
    home = cluster_home / "photos"
    home.mkdir(mode=0o755)
    (home / "holiday.jpg").write_text("sea")
    with pytest.raises(DatabaseUnavailable, match="POCKETPAY_DATA"):
        make("photos").start()
    assert os.listdir(home) == ["holiday.jpg"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o755


def test_a_file_in_place_of_the_data_directory_is_refused(make: Make, cluster_home: Path) -> None:
    (cluster_home / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match="POCKETPAY_DATA"):
        make("file").start()
    with pytest.raises(DatabaseUnavailable, match="POCKETPAY_DATA"):
        make("/proc/nowhere").start()


def test_a_cluster_of_another_major_version_is_refused(make: Make) -> None:
    server = make("older")
    server.start()
    server.stop()
    ((server.data / "cluster").resolve() / "PG_VERSION").write_text("17\n")
    with pytest.raises(DatabaseUnavailable, match="run `pocketpay backup` with the version that made it"):
        server.start()


def test_a_server_that_cannot_start_reports_the_reason_in_one_sentence(make: Make) -> None:
    server = make("broken")
    server.start()
    server.stop()
    ((server.data / "cluster").resolve() / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseUnavailable, match="pg_control") as refused:
        server.start()
    assert "\n" not in str(refused.value)


def test_no_file_mode_changes_outside_the_data_directory_and_the_system_home(make: Make, cluster_home: Path) -> None:
    parent = cluster_home / "private"
    parent.mkdir(mode=0o700)
    (parent / "beside").write_text("")
    seen = [*cluster_home.parents, cluster_home, parent, parent / "beside"]
    before = [path.stat().st_mode for path in seen]
    server = make("private/data")
    server.start()
    server.stop()
    assert [path.stat().st_mode for path in seen] == before
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert sorted(os.listdir(server.data)) == ["cluster", "serving", "starting"]


@as_root
def test_root_runs_postgresql_as_its_own_user_in_a_folder_that_only_root_can_reach(make: Make) -> None:
    server = make()
    server.start()
    cluster = server.data / "cluster"
    assert (server.data.stat().st_uid, stat.S_IMODE(server.data.stat().st_mode)) == (0, 0o700)
    made_for_it = pwd.getpwnam("pocketpay")
    assert os.stat(f"/proc/{postmaster_of(server)}").st_uid == made_for_it.pw_uid
    assert {path.stat().st_uid for path in cluster.rglob("*")} == {made_for_it.pw_uid}


@as_root
def test_root_gets_instructions_when_no_user_can_be_created(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SYSTEM_USER", "pocketpay-missing")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(DatabaseUnavailable, match="useradd --system pocketpay-missing"):
        make().start()


@as_root
def test_programs_are_copied_completely_and_only_once(cluster_home: Path) -> None:
    home = cluster_home / "copied"
    folders: list[Path] = []
    threads = [threading.Thread(target=lambda: folders.append(programs.find(home).folder)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 1
    assert sorted(path.name for path in home.iterdir()) == ["lock", folders[0].parents[2].name]
    assert all(path.stat().st_mode & 0o004 for path in home.rglob("*") if path.name != "lock")


@as_root
def test_a_system_home_that_others_may_write_is_refused(cluster_home: Path) -> None:
    home = cluster_home / "open"
    home.mkdir()
    home.chmod(0o777)
    with pytest.raises(DatabaseUnavailable, match="Users other than root can write"):
        programs.find(home)


@as_root
def test_a_data_directory_of_another_user_is_refused(make: Make, cluster_home: Path) -> None:
    theirs = cluster_home / "theirs"
    theirs.mkdir()
    os.chown(theirs, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(DatabaseUnavailable, match="another user"):
        make("theirs").start()


@as_root
def test_an_ordinary_user_runs_postgresql_as_itself(cluster_home: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    home = cluster_home / "ordinary"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)

    def live() -> None:
        server = EmbeddedPostgres(home / "data", durable=False)
        server.start()
        assert (home / "data" / "cluster").is_dir()
        assert os.stat(f"/proc/{postmaster_of(server)}").st_uid == nobody.pw_uid
        assert ask(server, "select session_user::text") == "pocketpay"
        server.stop()
        assert cluster_of(server).postmaster() is None
        server.erase()
        assert sorted(os.listdir(home / "data")) == ["serving", "starting"]

    assert _as_user(nobody, live) == 0


@as_root
def test_an_ordinary_user_gets_an_error_when_it_may_not_write(cluster_home: Path) -> None:
    def refused() -> None:
        with pytest.raises(DatabaseUnavailable, match="POCKETPAY_DATA"):
            EmbeddedPostgres(cluster_home / "not-mine" / "data").start()

    (cluster_home / "not-mine").mkdir(mode=0o755)
    assert _as_user(pwd.getpwnam("nobody"), refused) == 0


def _as_user(user: pwd.struct_passwd, act: Callable[[], None]) -> int:
    """Calls `act` in a child process of that user. Returns the exit code."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            act()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
