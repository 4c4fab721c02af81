"""A PostgreSQL that Pocket Pay does not manage: reached by TCP, with passwords and an administrator of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pocketpay.database.embedded.programs import Programs, find

CHECKOUT = Path(__file__).parents[2]
ADMINISTRATOR = "the administrator's password"


@dataclass(frozen=True)
class Outside:
    """Its port and its programs."""

    port: int
    programs: Programs

    def make_logins(self, **passwords: str) -> "subprocess.CompletedProcess[str]":
        """Runs scripts/database-logins as its administrator."""
        reach = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGPASSWORD": ADMINISTRATOR}
        path = {"PATH": os.pathsep.join([str(self.programs.folder), os.environ["PATH"]])}
        return subprocess.run(
            [str(CHECKOUT / "scripts" / "database-logins")],
            env=path | reach | passwords,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def dsn(self, login: str, password: str, database: str = "pocketpay") -> str:
        return f"postgresql://{login}:{password}@127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def outside_postgres(home: Path, system_home: Path) -> Iterator[Outside]:
    """Starts a new cluster under `home`, and stops it after the block."""
    programs = find(system_home)
    home.mkdir(mode=0o755)
    password, cluster = home / "password", home / "cluster"
    password.write_text(ADMINISTRATOR)
    cluster.mkdir(mode=0o700)
    for path in (password, cluster):
        programs.change_owner(path)
    port = _free_port()
    listening = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c shared_buffers=32MB"
    _run(programs, "initdb", f"--pgdata={cluster}", "--no-sync", "--username=postgres", "--auth=scram-sha-256",
         f"--pwfile={password}")  # fmt: skip
    _run(
        programs, "pg_ctl", "start", f"--pgdata={cluster}", f"--log={cluster}/log", "--wait", f"--options={listening}"
    )
    try:
        yield Outside(port, programs)
    finally:
        _run(programs, "pg_ctl", "stop", f"--pgdata={cluster}", "--mode=immediate", "--wait")
        shutil.rmtree(home)


def _run(programs: Programs, program: str, *arguments: str) -> None:
    done = programs.run(program, *arguments, timeout_seconds=60)
    assert done.returncode == 0, done.stderr


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        number: int = door.getsockname()[1]
        return number
