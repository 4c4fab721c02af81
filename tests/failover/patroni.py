"""A cluster of three nodes that Patroni manages, on 127.0.0.1, as an ordinary user.

patroni_raft_controller     the configuration store (DCS), one process
node 1, 2, 3                Patroni and its PostgreSQL; the others replicate from it through a relay
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from pocketpay.database.embedded.programs import Programs, find
from tests.failover.nodes import PASSWORD, SERVER, SUPERUSER, Node, free_port
from tests.failover.relay import Relay

VENV = Path(__file__).parents[2] / ".venvs" / "patroni"
TTL_SECONDS = 20
"""The shortest that Patroni accepts."""

BOOT_SECONDS = 120.0
CHANGE_SECONDS = 90.0

DYNAMIC = {
    "ttl": TTL_SECONDS,
    "loop_wait": 5,
    "retry_timeout": 5,
    "maximum_lag_on_failover": 1_048_576,
    "synchronous_mode": True,
    "synchronous_node_count": 1,
    "failsafe_mode": False,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            "max_connections": 100,
            "shared_buffers": "16MB",
            "max_wal_size": "64MB",
            "wal_keep_size": "64MB",
            "wal_log_hints": "on",
        },
    },
}


class NoPatroni(Exception):
    """Why Patroni cannot run here."""


@dataclass
class Python:
    """The interpreter that has Patroni, and how it runs as the user of PostgreSQL."""

    program: str
    environment: dict[str, str]
    identity: dict[str, Any]

    def start(self, *arguments: str, folder: Path, log: Path) -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                [self.program, *arguments],
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                umask=0o077,
                start_new_session=True,
                **self.identity,
            )


def python_with_patroni(programs: Programs, home: Path) -> Python:
    """Finds the interpreter that `make failover` prepared. Raises NoPatroni.

    Root's own folders are closed to the user that runs PostgreSQL, so for root the packages are copied to `home`.
    """
    here = VENV / "bin" / "python"
    if not here.exists():
        raise NoPatroni("Patroni is not installed: run `make failover`.")
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(home)}
    if os.geteuid() != 0:
        return Python(str(here), environment, {})
    version = "python{}.{}".format(*sys.version_info[:2])
    program = shutil.which(version, path="/usr/local/bin:/usr/bin:/bin")
    if program is None:
        raise NoPatroni(f"Run this as an ordinary user: root needs a {version} in /usr/bin for PostgreSQL's user.")
    packages = home / "packages"
    shutil.copytree(VENV / "lib" / version / "site-packages", packages)
    for path in packages.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    packages.chmod(0o755)
    identity = {"user": programs.uid, "group": programs.gid, "extra_groups": []}
    return Python(program, environment | {"PYTHONPATH": str(packages)}, identity)


@dataclass
class Member:
    """A node and its Patroni."""

    name: str
    node: Node
    python: Python
    folder: Path
    rest_port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.relay = Relay(self.node.port)

    @property
    def rest(self) -> str:
        return f"http://127.0.0.1:{self.rest_port}"

    def start(self) -> None:
        configuration = self.folder / f"{self.name}.yml"
        log = self.folder / f"{self.name}.log"
        self.process = self.python.start("-m", "patroni", str(configuration), folder=self.folder, log=log)

    def stop(self) -> None:
        """Stops Patroni, which stops PostgreSQL in order."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    def kill(self) -> None:
        """The node is gone, as after a power cut."""
        if self.process is not None:
            # Its helpers too: one of them may be starting PostgreSQL.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.node.kill()

    def freeze(self) -> None:
        """Nothing on the node answers any more, and nothing is refused."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        self.node.freeze()

    def thaw(self) -> None:
        assert self.process is not None
        self.node.thaw()
        self.process.send_signal(signal.SIGCONT)


@dataclass
class Cluster:
    """Three members and their configuration store."""

    members: list[Member]
    controller: "subprocess.Popen[bytes]"
    http: httpx.AsyncClient

    def dsn(self, *first: Member, user: str = SERVER, database: str = "pocketpay") -> str:
        """The URL with every host, those in `first` before the others."""
        members = [*first, *(member for member in self.members if member not in first)]
        hosts = ",".join(member.node.host for member in members)
        return f"postgresql://{user}:{PASSWORD.replace(' ', '%20')}@{hosts}/{database}"

    async def leaders(self) -> list[Member]:
        """The members that say that they are the primary now."""
        states = await asyncio.gather(*(self._is_leader(member) for member in self.members))
        return [member for member, leads in zip(self.members, states, strict=True) if leads]

    async def leader(self, *, other_than: Member | None = None) -> Member:
        """The primary, once there is one."""

        async def found() -> bool:
            return any(one is not other_than for one in await self.leaders())

        await self.until(found, "no primary")
        return next(one for one in await self.leaders() if one is not other_than)

    async def settled(self) -> Member:
        """The primary, once both others replicate and one of them is synchronous."""

        async def whole() -> bool:
            with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
                answer = await self.http.get(f"{(await self.leader()).rest}/cluster")
                roles = sorted((one["role"], one["state"]) for one in answer.json()["members"])
                return roles == [
                    *(("leader", "running"), ("replica", "streaming"), ("sync_standby", "streaming")),
                ]
            return False

        await self.until(whole, "the members do not replicate")
        return await self.leader()

    async def synchronous(self) -> Member:
        """The synchronous standby."""
        answer = await self.http.get(f"{(await self.leader()).rest}/cluster")
        (name,) = [one["name"] for one in answer.json()["members"] if one["role"] == "sync_standby"]
        return next(member for member in self.members if member.name == name)

    async def switch_over(self, to: Member) -> None:
        leader = await self.leader()
        answer = await self.http.post(
            f"{leader.rest}/switchover", json={"leader": leader.name, "candidate": to.name}, timeout=60
        )
        assert answer.status_code in (200, 202), answer.text

    def freeze_store(self) -> None:
        self.controller.send_signal(signal.SIGSTOP)

    def thaw_store(self) -> None:
        self.controller.send_signal(signal.SIGCONT)

    async def configure(self, **values: Any) -> None:
        async def accepted() -> bool:
            # The store refuses a change while it is still coming back.
            return (await self.http.patch(f"{(await self.leader()).rest}/config", json=values)).status_code == 200

        await self.until(accepted, "the configuration cannot be changed")

    async def until(self, true: Callable[[], Any], otherwise: str, seconds: float = CHANGE_SECONDS) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await true():  # noqa: ASYNC110 - Patroni does not signal changes
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(otherwise) from None

    async def _is_leader(self, member: Member) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return (await self.http.get(f"{member.rest}/primary", timeout=2)).status_code == 200
        return False


@asynccontextmanager
async def cluster(home: Path) -> AsyncIterator[Cluster]:
    """Runs the cluster, with the server's login and an empty database, in a new folder."""
    programs, python = _prepare_folder(home)
    controller_port = free_port()
    store = _write(programs, home / "controller.yml", _controller(home, controller_port))
    controller = python.start(
        "-c", "from patroni.raft_controller import main; main()", str(store), folder=home, log=home / "controller.log"
    )
    members = []
    for name in ("n1", "n2", "n3"):
        node = Node(home / name, programs)
        member = Member(name, node, python, home)
        _write(programs, home / f"{name}.yml", _configuration(member, programs, controller_port))
        members.append(member)
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        made = Cluster(members, controller, http)
        try:
            for member in members:
                await member.relay.open()
            for member in members:
                member.start()
            await made.until(lambda: _leads(made), "Patroni does not start", BOOT_SECONDS)
            await made.settled()
            await _prepare(made)
            yield made
        finally:
            for member in members:
                if member.process is not None:
                    with contextlib.suppress(ProcessLookupError):
                        member.thaw()
                await asyncio.to_thread(member.kill)
                await member.relay.close()
            with contextlib.suppress(ProcessLookupError):
                controller.send_signal(signal.SIGCONT)
            controller.kill()
            controller.wait(10)


def _prepare_folder(home: Path) -> tuple[Programs, Python]:
    programs = find(home.parent / "programs")
    home.mkdir(mode=0o755)
    python = python_with_patroni(programs, home)
    programs.change_owner(home)
    return programs, python


async def _leads(made: Cluster) -> bool:
    return bool(await made.leaders())


async def _prepare(made: Cluster) -> None:
    leader = await made.leader()
    address = f"postgresql://{SUPERUSER}:{PASSWORD.replace(' ', '%20')}@{leader.node.host}/postgres"
    connection = await asyncpg.connect(address, timeout=20)
    await connection.execute(f"create role {SERVER} login password '{PASSWORD}'")
    await connection.execute("create database pocketpay")
    await connection.close()


def _controller(home: Path, port: int) -> dict[str, Any]:
    return {"raft": {"data_dir": str(home / "raft"), "self_addr": f"127.0.0.1:{port}"}}


def _configuration(member: Member, programs: Programs, controller_port: int) -> dict[str, Any]:
    login = {"username": SUPERUSER, "password": PASSWORD}
    return {
        "scope": "pocket",
        "name": member.name,
        "restapi": {
            "listen": f"127.0.0.1:{member.rest_port}",
            "connect_address": f"127.0.0.1:{member.rest_port}",
        },
        "raft": {"data_dir": str(member.folder / "raft"), "partner_addrs": [f"127.0.0.1:{controller_port}"]},
        "bootstrap": {"dcs": DYNAMIC, "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"]},
        "postgresql": {
            "listen": member.node.host,
            "connect_address": f"127.0.0.1:{member.relay.port}",
            "data_dir": str(member.node.folder),
            "bin_dir": str(programs.folder),
            "pgpass": str(member.folder / f"{member.name}.pgpass"),
            "authentication": {"superuser": login, "replication": login, "rewind": login},
            "parameters": {"unix_socket_directories": ""},
            "pg_hba": [
                f"host replication {SUPERUSER} 127.0.0.1/32 scram-sha-256",
                "host all all 127.0.0.1/32 scram-sha-256",
            ],
        },
    }


def _write(programs: Programs, path: Path, configuration: dict[str, Any]) -> Path:
    """Writes a configuration, as JSON, which is YAML too."""
    path.write_text(json.dumps(configuration, indent=2))
    path.chmod(0o600)
    programs.change_owner(path)
    return path
