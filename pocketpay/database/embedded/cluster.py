"""One PostgreSQL cluster: its files, its configuration, its processes.

A cluster is running when the process in its `postmaster.pid` has the cluster as its working directory. This excludes
a zombie, and an unrelated process that got the process id of a dead postmaster.

PostgreSQL's programs are started inside the cluster, and get HERE as its path. So the cluster can be in a directory
that only root can reach: root starts the programs in the directory, and they need no access to the path.
"""

import contextlib
import os
import secrets
import shutil
import signal
import time
from pathlib import Path
from subprocess import CompletedProcess

from pocketpay.database.embedded.programs import Programs, current_user
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.roles import LOGIN, OWNER

MAJOR_VERSION = "18"

HERE = "/proc/self/cwd"
"""The path of the cluster for programs that run in it."""
ORIGIN = "pocketpay.origin"
"""A file in each cluster that contains its own inode number. A copy of the file has another inode number."""

LAUNCH_SECONDS = 2
STOP_SECONDS = 3
CUT_SECONDS = 1
INITDB_SECONDS = 120

SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_directories": "'.'",  # the cluster's own directory: an absolute path may be too long
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",  # busy accounts and the newest entries; the system's cache holds more
    "max_wal_size": "1GB",  # the most that recovery after a crash reads: about two seconds
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "logging_collector": "on",
    "log_directory": "'log'",
    "log_filename": "'postgresql-%a.log'",  # one file for each day of the week, overwritten after a week
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_lock_waits": "on",
    "log_error_verbosity": "terse",  # a DETAIL line would contain the row: names, addresses, amounts
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests that do not need durability."""

HBA = """\
# Written at every start. Local socket only; pg_ident.conf says which system user may log in as which role.
local all         all peer map=pocketpay
local replication all peer map=pocketpay
"""

CONFIGURATION = "# Written at every start. ALTER SYSTEM keeps what should differ, in postgresql.auto.conf.\n"


class Cluster:
    """A cluster at `path` (an absolute path without symbolic links), run with `programs`."""

    def __init__(self, path: Path, programs: Programs, *, durable: bool = True) -> None:
        self.path = path
        self._programs = programs
        self._settings = SETTINGS if durable else SETTINGS | NOT_DURABLE
        self._orphaned_since: float | None = None

    def create(self) -> None:
        """Creates the cluster's files; `path` must be missing or empty. Raises DatabaseUnavailable with initdb's
        reason.
        """
        self.path.mkdir(mode=0o700, exist_ok=True)
        self._programs.change_owner(self.path)
        options = ["--username", OWNER, "--auth-local=peer", "--auth-host=reject", "--data-checksums"]
        # The same collation on every machine and with any libraries: indexes stay valid after a system upgrade.
        options += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self._settings["fsync"] == "off":
            options.append("--no-sync")
        made = self._run("initdb", "--no-instructions", *options, timeout_seconds=INITDB_SECONDS)
        if made.returncode != 0:
            raise DatabaseUnavailable(
                f"Cannot make a database in {self.path} ({_last_message(made.stderr)}): "
                "correct that, set POCKETPAY_DATA to another directory, or set DATABASE_URL."
            )

    def check_version(self) -> None:
        """Raises DatabaseUnavailable when the files are of another major version of PostgreSQL."""
        version = (self.path / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise DatabaseUnavailable(
                f"{self.path} was made by PostgreSQL {version} and this server has PostgreSQL {MAJOR_VERSION}: "
                "run `pocketpay backup` with the version that made it, and restore into an empty POCKETPAY_DATA."
            )

    def _run(self, program: str, *arguments: str, timeout_seconds: float) -> "CompletedProcess[str]":
        """Runs one of PostgreSQL's programs on this cluster."""
        return self._programs.run(
            program, f"--pgdata={HERE}", *arguments, timeout_seconds=timeout_seconds, folder=self.path
        )

    def postmaster(self) -> int | None:
        """Returns the process id of the running postmaster, or None."""
        try:
            pid = int((self.path / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if self._is_ours(pid) else None

    def launch(self) -> None:
        """Starts the postmaster. Does nothing while processes of an earlier postmaster are still running.

        Returns when it is ready, or after LAUNCH_SECONDS. When it ended instead, raises DatabaseUnavailable with its
        last message.
        """
        if self._orphans_remain():
            return
        self._refuse_torn_copy()
        for leftover in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock", "startup.log"):
            (self.path / leftover).unlink(missing_ok=True)
        self._configure()
        self._mark_origin()
        options = [f"--log={HERE}/startup.log", "--wait", "--silent", f"--timeout={LAUNCH_SECONDS}"]
        started = self._run("pg_ctl", "start", *options, timeout_seconds=LAUNCH_SECONDS + 8)
        if started.returncode != 0 and self.postmaster() is None:
            raise DatabaseUnavailable(f"PostgreSQL does not start in {self.path}: {self._reason(started.stderr)}.")

    def stop(self) -> bool:
        """Stops the postmaster: fast mode, then if necessary immediate mode. Returns whether all its processes
        ended."""
        deadline = time.monotonic() + LAUNCH_SECONDS
        while self.postmaster() is None and self._is_starting() and time.monotonic() < deadline:
            time.sleep(0.02)
        for mode, seconds in (("fast", STOP_SECONDS), ("immediate", CUT_SECONDS)):
            if self.postmaster() is None:
                break
            options = [f"--mode={mode}", "--wait", "--silent", f"--timeout={seconds}"]
            with contextlib.suppress(DatabaseUnavailable):
                self._run("pg_ctl", "stop", *options, timeout_seconds=seconds + 1)
        deadline = time.monotonic() + 1
        while self._processes() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self._processes()

    def _is_starting(self) -> bool:
        """Whether one of PostgreSQL's programs runs in this cluster: an interrupted launch may continue."""
        return any(self._program_of(pid).parent == self._programs.folder for pid in _processes())

    def _refuse_torn_copy(self) -> None:
        """Raises DatabaseUnavailable when the files were copied while PostgreSQL was changing them.

        `postmaster.pid` shows that PostgreSQL was running or was killed. A wrong number in ORIGIN shows that the
        folder is a copy. After a crash without a copy, the number is right.
        """
        with contextlib.suppress(FileNotFoundError, ValueError):
            (self.path / "postmaster.pid").stat()
            origin = self.path / ORIGIN
            if int(origin.read_text()) != origin.stat().st_ino:
                raise DatabaseUnavailable(
                    f"{self.path} is a copy that was made while PostgreSQL was running, so its files do not fit "
                    "together: stop the server and copy the folder again, or use `pocketpay backup`."
                )

    def _mark_origin(self) -> None:
        self._write(ORIGIN, "")
        with (self.path / ORIGIN).open("w") as file:
            file.write(f"{os.fstat(file.fileno()).st_ino}\n")

    def _configure(self) -> None:
        lines = [f"{name} = {value}\n" for name, value in self._settings.items()]
        self._write("postgresql.conf", CONFIGURATION + "".join(lines))
        self._write("pg_hba.conf", HBA)
        users = sorted({current_user().pw_name, self._programs.user})
        self._write(
            "pg_ident.conf",
            "".join(f'pocketpay "{user}" {role}\n' for user in users for role in (LOGIN, OWNER)),
        )

    def _write(self, name: str, text: str) -> None:
        """Replaces a file atomically; PostgreSQL's user owns the new file."""
        fresh = self.path / f"{name}.{secrets.token_hex(4)}"
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)
        self._programs.change_owner(fresh)
        fresh.rename(self.path / name)

    def _orphans_remain(self) -> bool:
        """Whether processes of a dead postmaster are still running. Sends them SIGQUIT after 1 s and SIGKILL after 2
        s.

        They usually end by themselves. A new postmaster must not start before that, because both would write the same
        files.
        """
        orphans = self._processes()
        if not orphans:
            self._orphaned_since = None
            return False
        now = time.monotonic()
        self._orphaned_since = self._orphaned_since or now
        waited = now - self._orphaned_since
        if waited > 1:
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if waited > 2 else signal.SIGQUIT)
        return True

    def _processes(self) -> list[int]:
        return [pid for pid in _processes() if self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        """Whether the process is a running PostgreSQL of this cluster, and not another program in its directory."""
        return "postgres" in self._program_of(pid).name

    def _program_of(self, pid: int) -> Path:
        """Returns the path of the program that the process runs in this cluster; an empty path when it does not."""
        try:
            if os.path.samefile(f"/proc/{pid}/cwd", self.path):
                return Path(os.readlink(f"/proc/{pid}/exe"))
        except OSError:
            pass
        return Path()

    def _reason(self, stderr: str) -> str:
        """Returns the postmaster's last fatal message, from the log of its start or else from the newest log file;
        when there is none, the last line of `stderr`."""
        logs = sorted((self.path / "log").glob("*.log"), key=os.path.getmtime, reverse=True)
        for log in [self.path / "startup.log", *logs[:1]]:
            with contextlib.suppress(OSError):
                fatal = [line for line in log.read_text(errors="replace").splitlines() if _is_fatal(line)]
                if fatal:
                    return _last_message(fatal[-1])
        return _last_message(stderr)


def remove(path: Path) -> None:
    """Removes a directory with its contents, or a symbolic link. Does nothing when the path is missing."""
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _processes() -> list[int]:
    """Returns the ids of all processes."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _is_fatal(line: str) -> bool:
    return "FATAL:" in line or "PANIC:" in line


def _last_message(text: str) -> str:
    """Returns the last line that is not blank, without its severity and its full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason given"
    for level in ("FATAL:", "PANIC:", "error:"):
        last = last.rpartition(level)[2]
    return last.strip().rstrip(".")
