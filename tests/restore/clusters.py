"""PostgreSQL clusters as an administrator runs them: on a port, with passwords, with the logins of the script."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from pocketpay.database.embedded.programs import Programs, find
from tests.deployment.outside import ADMINISTRATOR, CHECKOUT
from tests.failover.nodes import free_port

PASSWORD = "a password of test clusters"
ESCAPED = PASSWORD.replace(" ", "%20")
SECRET = "a key for tests, thirty-two bytes or more"


@dataclass
class AdministratorsCluster:
    """A cluster in `folder`. Its socket is in the folder above, where PostgreSQL's user may write."""

    folder: Path
    programs: Programs
    port: int = field(default_factory=free_port)

    @property
    def owner_dsn(self) -> str:
        return f"postgresql://pocketpay_owner:{ESCAPED}@127.0.0.1:{self.port}/pocketpay"

    @property
    def server_dsn(self) -> str:
        return f"postgresql://pocketpay:{ESCAPED}@127.0.0.1:{self.port}/pocketpay"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the commands on it."""
        return {"DATABASE_URL": self.server_dsn, "DATABASE_OWNER_URL": self.owner_dsn, "SECRET_KEY": SECRET}

    @property
    def administrator(self) -> dict[str, str]:
        """The environment of PostgreSQL's programs for its administrator."""
        reach = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGPASSWORD": ADMINISTRATOR}
        return reach | {"PATH": os.pathsep.join([str(self.programs.folder), os.environ["PATH"]])}

    def create(self) -> None:
        """Creates its files, with the same options as an upgrade needs."""
        password = self.folder.with_suffix(".password")
        password.write_text(ADMINISTRATOR)
        self.folder.mkdir(mode=0o700)
        for path in (password, self.folder):
            self.programs.change_owner(path)
        self.run("initdb", f"--pgdata={self.folder}", "--no-sync", "--username=postgres", "--auth=scram-sha-256",
                 f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8")  # fmt: skip

    def make_logins(self) -> None:
        passwords = {"POCKETPAY_OWNER_PASSWORD": PASSWORD, "POCKETPAY_PASSWORD": PASSWORD}
        script = [str(CHECKOUT / "scripts" / "database-logins")]
        subprocess.run(script, env=self.administrator | passwords, check=True, timeout=60)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=32MB"
        self.run(
            *("pg_ctl", "start", f"--pgdata={self.folder}", f"--log={self.folder}/log", "--wait"),
            f"--options={options}",
        )

    def stop(self, mode: str = "fast") -> None:
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "postmaster.pid").stat()
            self.run("pg_ctl", "stop", f"--pgdata={self.folder}", f"--mode={mode}", "--wait")

    def run(self, program: str, *arguments: str) -> None:
        done = self.programs.run(program, *arguments, timeout_seconds=120, folder=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr + self._log()

    def ask(self, statement: str) -> object:
        """The first value of a statement, as the administrator."""
        return asyncio.run(self._ask(statement))

    async def _ask(self, statement: str) -> object:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=ADMINISTRATOR, database="pocketpay"
        )
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    def _log(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "log").read_text()
        return ""


@contextmanager
def clusters(home: Path, system_home: Path) -> Iterator["Clusters"]:
    """Provides a folder for clusters. All are stopped and removed after the block."""
    programs = find(system_home)
    home.mkdir(mode=0o755)
    made = Clusters(home, programs)
    try:
        yield made
    finally:
        for cluster in made.made:
            cluster.stop("immediate")
        shutil.rmtree(home)


@dataclass
class Clusters:
    """The clusters of one test."""

    home: Path
    programs: Programs
    made: list[AdministratorsCluster] = field(default_factory=list)

    def at(self, name: str) -> AdministratorsCluster:
        """A cluster whose files do not exist yet."""
        cluster = AdministratorsCluster(self.home / name, self.programs)
        self.made.append(cluster)
        return cluster

    def new(self, name: str) -> AdministratorsCluster:
        """A new cluster that runs and has the logins of the script, and no role of ours."""
        cluster = self.at(name)
        cluster.create()
        cluster.start()
        cluster.make_logins()
        return cluster

    def folder(self, name: str) -> Path:
        """A folder of PostgreSQL's user."""
        path = self.home / name
        path.mkdir(mode=0o700)
        self.programs.change_owner(path)
        return path
