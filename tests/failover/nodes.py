"""Nodes of a PostgreSQL cluster on 127.0.0.1: one primary, and standbys that replicate from it."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from pocketpay.database import migrations
from pocketpay.database.embedded.programs import Programs, find

SUPERUSER, SERVER = "postgres", "pocketpay"
PASSWORD = "a password of test clusters"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "wal_keep_size": "64MB",
    "wal_log_hints": "on",
}


@dataclass
class Node:
    """One PostgreSQL with its data in `folder`."""

    folder: Path
    programs: Programs
    port: int = field(default_factory=lambda: free_port())

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in (SETTINGS | {"port": str(self.port)}).items())
        self.run("pg_ctl", "start", f"--pgdata={self.folder}", f"--log={self.folder}/log", f"--options={options}")

    def stop(self) -> None:
        """Ends it immediately, frozen or not; nothing to do when it does not run."""
        if self.processes():
            self.thaw()
            self.run("pg_ctl", "stop", f"--pgdata={self.folder}", "--mode=immediate")

    def promote(self) -> None:
        """Returns when it accepts writes, on a new timeline."""
        self.run("pg_ctl", "promote", f"--pgdata={self.folder}")

    def kill(self) -> None:
        """Kills all its processes at the same time, as a power cut does."""
        deadline = time.monotonic() + 30
        while running := self.processes():
            assert time.monotonic() < deadline, "it does not die"
            for pid in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def freeze(self) -> None:
        """Stops all its processes. The kernel still accepts connections to it, and nobody answers."""
        while running := [pid for pid in self.processes() if _state(pid) not in "TtZ"]:
            for pid in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            time.sleep(0.01)

    def thaw(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def processes(self) -> list[int]:
        """The ids of its living processes."""
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and self._is_ours(int(name))]

    def _is_ours(self, pid: int) -> bool:
        # A zombie has no working folder.
        with contextlib.suppress(OSError):
            return os.path.samefile(f"/proc/{pid}/cwd", self.folder) and "postgres" in os.readlink(f"/proc/{pid}/exe")
        return False

    def run(self, program: str, *arguments: str) -> None:
        done = self.programs.run(program, *arguments, timeout_seconds=120)
        assert done.returncode == 0, done.stdout + done.stderr + self._log()

    def _log(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "log").read_text()
        return ""


@dataclass
class Nodes:
    """The nodes of one cluster. The first one begins as the primary."""

    nodes: list[Node]

    def __getitem__(self, number: int) -> Node:
        return self.nodes[number]

    def dsn(self, *nodes: Node, user: str = SERVER) -> str:
        """The URL that names those nodes as hosts, or all of them."""
        hosts = ",".join(node.host for node in nodes or self.nodes)
        return f"postgresql://{user}:{PASSWORD.replace(' ', '%20')}@{hosts}/pocketpay"

    async def ask(self, node: Node, sql: str) -> object:
        """The first value of a query at that node, as the superuser."""
        connection = await asyncpg.connect(self.dsn(node, user=SUPERUSER), timeout=20)
        try:
            return await connection.fetchval(sql)
        finally:
            connection.terminate()

    async def wait_for_standby(self, standby: Node) -> None:
        """Waits until the standby receives what the primary writes."""
        async with asyncio.timeout(60):
            while not await self.ask(standby, "select status = 'streaming' from pg_stat_wal_receiver"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()


def make_template(folder: Path, system_home: Path) -> Node:
    """Creates a migrated cluster that does not run; `replicated` copies it."""
    programs = find(system_home)
    password = folder.with_suffix(".password")
    password.write_text(PASSWORD)
    folder.mkdir(mode=0o700)
    for path in (password, folder):
        programs.change_owner(path)
    node = Node(folder, programs)
    node.run("initdb", f"--pgdata={folder}", "--no-sync", f"--username={SUPERUSER}", "--auth=scram-sha-256",
             f"--pwfile={password}", "--encoding=UTF8", "--locale=C")  # fmt: skip
    node.start()
    try:
        asyncio.run(_migrate(node))
    finally:
        node.run("pg_ctl", "stop", f"--pgdata={folder}", "--mode=fast")
    return node


@contextlib.contextmanager
def replicated(template: Node, home: Path, count: int, *, synchronous: bool = False) -> Iterator[Nodes]:
    """Runs that many copies of the template, the second and later ones as standbys of the first.

    When `synchronous`, every commit waits for a standby. All have ended when the block ends.
    """
    home.mkdir(mode=0o755)
    made = Nodes([Node(home / f"node{number}", template.programs) for number in range(1, count + 1)])
    primary, *standbys = made.nodes
    try:
        for node in made.nodes:
            _copy(template, node)
        for standby in standbys:
            _follow(standby, primary)
        for node in made.nodes:
            node.start()
        if standbys:
            asyncio.run(_connect_standbys(made, standbys, synchronous))
        yield made
    finally:
        made.stop()
        shutil.rmtree(home)


async def _connect_standbys(made: Nodes, standbys: list[Node], synchronous: bool) -> None:
    for standby in standbys:
        await made.wait_for_standby(standby)
    if synchronous:
        await made.ask(made[0], "alter system set synchronous_standby_names = '*'")
        await made.ask(made[0], "select pg_reload_conf()")
        async with asyncio.timeout(60):
            while await made.ask(made[0], "show synchronous_standby_names") != "*":  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def _migrate(node: Node) -> None:
    administrator = await asyncpg.connect(
        f"postgresql://{SUPERUSER}:{PASSWORD.replace(' ', '%20')}@{node.host}/postgres", timeout=20
    )
    await administrator.execute(f"create role {SERVER} login password '{PASSWORD}'")
    await administrator.execute("create database pocketpay")
    await administrator.close()
    both = Nodes([node])
    await migrations.upgrade(both.dsn(user=SUPERUSER), both.dsn())


def _copy(template: Node, node: Node) -> None:
    shutil.copytree(template.folder, node.folder)
    for folder, _, files in os.walk(node.folder):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            node.programs.change_owner(path)


def _follow(standby: Node, primary: Node) -> None:
    origin = f"host=127.0.0.1 port={primary.port} user={SUPERUSER} password={PASSWORD!r} application_name=standby"
    signal_file, configuration = standby.folder / "standby.signal", standby.folder / "postgresql.auto.conf"
    signal_file.touch()
    escaped = origin.replace("'", "''")
    with configuration.open("a") as file:
        file.write(f"primary_conninfo = '{escaped}'\n")
    standby.programs.change_owner(signal_file)


def _state(pid: int) -> str:
    """The letter of a process's state; Z when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return "Z"


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        number: int = door.getsockname()[1]
        return number
