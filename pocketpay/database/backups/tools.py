"""Runs PostgreSQL's client programs on the database of an address.

The programs belong to the embedded PostgreSQL. When that is not installed, or is older than the database, the
programs on the PATH are used. Addresses and passwords are passed in the environment: other users can read command
lines.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

from pocketpay.database.address import for_driver, hosts_of
from pocketpay.database.embedded import programs
from pocketpay.database.errors import DatabaseUnavailable

MAJOR_VERSION = 18
"""The oldest version of the programs: the version of the oldest supported database."""

CONNECT_SECONDS = "10"

ENVIRONMENT = {
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "servicefile": "PGSERVICEFILE",
    "krbsrvname": "PGKRBSRVNAME",
    "options": "PGOPTIONS",
}
"""The parameters of an address that are not settings of PostgreSQL, and the variables of its programs for them."""


@dataclass(frozen=True, slots=True)
class Address:
    """The database that a program connects to, as variables of its environment, and the folder that it runs in."""

    variables: Mapping[str, str] = field(repr=False)
    folder: Path = Path("/")


def address_of(dsn: str, folder: Path | None = None) -> Address:
    """Returns the address of a DSN. `folder` is the cluster of an embedded database, whose socket is in it."""
    parts = urlsplit(for_driver(dsn))
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    hosts = hosts_of(dsn)
    for name in ("host", "port"):
        given.pop(name, None)
    for name, value in (("user", parts.username), ("password", parts.password), ("dbname", parts.path.lstrip("/"))):
        if value:
            given[name] = unquote(value)
    variables = {ENVIRONMENT[name]: value for name, value in given.items() if name in ENVIRONMENT}
    settings = [f"-c {name}={_escaped(value)}" for name, value in given.items() if name not in ENVIRONMENT]
    if settings:
        variables["PGOPTIONS"] = " ".join([*filter(None, [variables.get("PGOPTIONS")]), *settings])
    if folder is not None:
        # As in `cluster`: a short path that works from inside, however long the real one is.
        variables |= {"PGHOST": "/proc/self/cwd", "PGPORT": "5432"}
    elif hosts:
        variables |= {"PGHOST": ",".join(host.name for host in hosts)}
        variables |= {"PGPORT": ",".join(str(host.port or 5432) for host in hosts)}
    variables |= {"PGCONNECT_TIMEOUT": CONNECT_SECONDS, "PGTARGETSESSIONATTRS": "read-write"}
    return Address(variables, folder or Path("/"))


class Tools:
    """The programs in one folder, of one major version."""

    def __init__(self, folder: Path, major: int) -> None:
        self.folder = folder
        self.major = major

    @contextmanager
    def running(
        self, program: str, *arguments: str, address: Address | None = None, **streams: object
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Runs the program during the block, then waits for it. Its standard streams are those in `streams`.

                Raises ToolFailed with its first error message when the program fails, also when that breaks a pipe to
        it. An exception in the block kills the program.
        """
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [str(self.folder / program), *arguments],
                cwd=address.folder if address else "/",
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC", **(address.variables if address else {})},
                stderr=errors,
                **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **streams},  # type: ignore[call-overload]
            )
            try:
                yield process
                _close(process.stdin)
            except BrokenPipeError:
                process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
            finally:
                _close(process.stdout)
            if process.wait() != 0:
                errors.seek(0)
                raise ToolFailed(program, first_error(errors.read().decode(errors="replace")))

    def run(self, program: str, *arguments: str, address: Address | None = None, **streams: object) -> bytes:
        """Runs the program to its end, and returns what it prints. Raises ToolFailed."""
        with self.running(program, *arguments, address=address, stdout=subprocess.PIPE, **streams) as process:
            assert process.stdout is not None  # noqa: S101
            return bytes(process.stdout.read())


class ToolFailed(DatabaseUnavailable):
    """One of PostgreSQL's programs failed. `reason` is its first error message."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"{program} failed: {reason}.")
        self.reason = reason


def tools_for(server_major: int) -> Tools:
    """Returns programs that can work with a database of this major version. Raises DatabaseUnavailable when none are
    installed."""
    for tools in installed():
        if tools.major >= server_major:
            return tools
    raise DatabaseUnavailable(
        f"No pg_dump of PostgreSQL {server_major} or newer is installed here. Install it (in Debian: "
        f"postgresql-client-{server_major}), or run this command where it is installed."
    )


@cache
def installed() -> tuple[Tools, ...]:
    """Returns the programs of the embedded PostgreSQL, then those on the PATH, from MAJOR_VERSION on."""
    on_path = shutil.which("pg_dump")
    folders = [programs.client_folder(), Path(on_path).parent if on_path else None]
    found = [Tools(folder, _major(folder)) for folder in folders if folder is not None]
    return tuple(tools for tools in found if tools.major >= MAJOR_VERSION)


def _major(folder: Path) -> int:
    said = subprocess.run([str(folder / "pg_dump"), "--version"], capture_output=True, text=True, check=False).stdout
    matched = re.search(r"\) (\d+)", said)
    return int(matched[1]) if matched else 0


def first_error(text: str) -> str:
    """Returns the first error in the messages of a program, in one line without its full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = next((line for line in lines if re.search(r"\b(error|ERROR|FATAL):", line)), lines[0] if lines else "")
    for prefix in ("error:", "ERROR:", "FATAL:"):
        first = first.rpartition(prefix)[2].strip()
    return first.rstrip(".") or "no reason given"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None and not stream.closed:
        stream.close()
