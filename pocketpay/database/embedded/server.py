"""The embedded PostgreSQL of one data directory.

    <data>/cluster      the cluster; an administrator can move it to another disk and leave a symbolic link
    <data>/serving      lock file: each process that uses the cluster has a shared lock; the last one stops PostgreSQL
    <data>/starting     lock file: the process that starts or stops PostgreSQL has an exclusive lock
    <data>/secret_key   see `secret_key`
    <data>/restoring    a data directory while a backup is restored; the next start deletes it after a killed restore

Several processes can use one data directory. The first one starts PostgreSQL, all of them watch it, and the last one
stops it. All are equal, so PostgreSQL keeps running when any one of them is killed.

The folder contains all files of the database. A copy that was made while no server runs is a separate database with
the same data.

Decision 6 gives the reasons.
"""

import asyncio
import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import structlog

from pocketpay.database.embedded import programs
from pocketpay.database.embedded.cluster import Cluster, remove
from pocketpay.database.embedded.lock_files import FileLock, exclusive
from pocketpay.database.embedded.readiness import DATABASE, answers
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.roles import LOGIN, OWNER

START_SECONDS = 60.0
"""The longest wait for a start. A start after a crash replays the write-ahead log, which takes less than this."""

ERASE_PATIENCE_SECONDS = 3.0
"""The wait for the lock of a server that has just stopped, which it holds for a short time longer."""

STEP_SECONDS = 0.05
WATCH_SECONDS = 0.2
SOCKET_PATH_BYTES = 107
OUR_NAMES = frozenset({"cluster", "cluster.new", "restoring", "serving", "starting", "secret_key"})

log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """The PostgreSQL of one data directory. `start` and `stop` block, so call them outside an event loop."""

    def __init__(self, data: Path, *, durable: bool = True, system_home: Path = programs.SYSTEM_HOME) -> None:
        """Reads and writes no files yet. `durable=False` can lose data in a power cut and is only for tests."""
        self.data = Path(os.path.abspath(data))
        self._durable = durable
        self._system_home = system_home
        self._cluster: Cluster | None = None
        self._serving: FileLock | None = None
        self._folder: int | None = None

    @property
    def server_dsn(self) -> str:
        """The address for the server's login, which owns no tables. Valid in this process between start and stop."""
        return self.dsn(LOGIN)

    @property
    def owner_dsn(self) -> str:
        """The address for migrations: the owner of every table. Valid in this process between start and stop."""
        return self.dsn(OWNER)

    @property
    def cluster_folder(self) -> Path | None:
        """The directory of the started cluster, with its socket."""
        return None if self._cluster is None else self._cluster.path

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """Returns the address of the database for one of the two roles."""
        where = {"host": self._socket_folder(), "port": "5432"}
        return f"postgresql://{role}@/{database}?{urlencode(where)}"

    def start(self) -> None:
        """Starts PostgreSQL unless another process has started it, and returns when it answers. A second call checks
        that it still answers.

        Raises DatabaseUnavailable, with advice.
        """
        try:
            self._prepare_data()
            with exclusive(self.data / "starting", patience_seconds=START_SECONDS) as held:
                if not held:
                    raise DatabaseUnavailable(
                        f"Another process has been starting the database in {self.data} for a "
                        "minute: end that process."
                    )
                self._remove_interrupted_restore()
                if self._serving is None:
                    self._serving = FileLock(self.data / "serving")
                    self._serving.share()
                self._cluster = self._open_cluster()
                self._wait_until_ready(self._cluster)
        except OSError as error:
            self.stop()
            raise DatabaseUnavailable(self._explanation(error)) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops using PostgreSQL, and stops PostgreSQL when no other process uses it. A second call does nothing."""
        serving, self._serving = self._serving, None
        if serving is None:
            return
        # If the lock is still taken after 3 s, another process is starting. That process will stop PostgreSQL later.
        with exclusive(self.data / "starting", patience_seconds=3):
            if serving.take() and self._cluster is not None and not self._cluster.stop():
                log.warning("embedded_postgres_did_not_stop", path=str(self._cluster.path))
            serving.release()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def erase(self) -> None:
        """Deletes the cluster with all its data, if there is one. The secret key stays.

        Raises DatabaseUnavailable, with advice, while any process uses the cluster.
        """
        with self.unused():
            self._remove_cluster()

    @contextmanager
    def unused(self) -> Iterator[None]:
        """Prevents every other process from using the cluster during the block.

        Raises DatabaseUnavailable, with advice, while any process uses it, and for an OSError of the block.
        """
        try:
            self._prepare_data()
            with exclusive(self.data / "starting", patience_seconds=ERASE_PATIENCE_SECONDS) as not_starting:
                serving = FileLock(self.data / "serving")
                try:
                    if not not_starting or not serving.take():
                        raise DatabaseUnavailable(
                            f"A server is running on the data in {self.data}: stop it, then try again."
                        )
                    yield
                finally:
                    serving.release()
        except OSError as error:
            raise DatabaseUnavailable(self._explanation(error)) from error

    def beside(self) -> Self:
        """Returns the PostgreSQL of a directory in this one, where a new cluster is prepared."""
        return type(self)(self.data / "restoring", durable=self._durable, system_home=self._system_home)

    async def watch(self) -> None:
        """Restarts PostgreSQL each time it has ended unexpectedly, also when another process started it. Runs until
        it is cancelled."""
        down = False
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._cluster is None or self._cluster.postmaster() is not None:
                continue
            if not down:
                log.warning("embedded_postgres_ended")
            try:
                back = await asyncio.to_thread(self._restart)
            except (DatabaseUnavailable, OSError) as error:
                back = False
                if not down:
                    log.error("embedded_postgres_does_not_start", reason=str(error))
            if back:
                log.info("embedded_postgres_restarted")
            down = not back

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _restart(self) -> bool:
        """Tries once to start PostgreSQL again. Returns whether there is a postmaster now."""
        with exclusive(self.data / "starting", patience_seconds=0) as held:
            if not held or self._serving is None or self._cluster is None:
                return False
            if self._cluster.postmaster() is None:
                self._cluster.launch()
            return self._cluster.postmaster() is not None

    def _wait_until_ready(self, cluster: Cluster) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if cluster.postmaster() is None:
                cluster.launch()
            if cluster.postmaster() is not None and asyncio.run(answers(self.dsn(OWNER, "postgres"))):
                return
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"PostgreSQL in {cluster.path} has not answered for a minute. See its log.")
            time.sleep(STEP_SECONDS)

    def _prepare_data(self) -> None:
        """Creates the data directory when it is missing, and makes it private.

        Raises DatabaseUnavailable when it belongs to another user or has only files of something else.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = self.data.stat()
        if facts.st_uid != os.geteuid():
            raise DatabaseUnavailable(
                f"The data directory {self.data} belongs to another user: run as that user, "
                "or set POCKETPAY_DATA to a directory of your own."
            )
        names = set(os.listdir(self.data)) - {"lost+found"}  # in the root directory of a file system
        if names and not names & OUR_NAMES:
            raise DatabaseUnavailable(
                f"The data directory {self.data} has files that are not Pocket Pay's. Set POCKETPAY_DATA to an empty "
                "directory."
            )
        if facts.st_mode & 0o077:
            self.data.chmod(0o700)

    def _open_cluster(self) -> Cluster:
        found = programs.find(self._system_home)
        link = self.data / "cluster"
        if not link.exists():
            if link.is_symlink():
                raise DatabaseUnavailable(
                    f"{link} points to a directory that does not exist. Restore the cluster, or remove the "
                    "link to start with an empty database."
                )
            self._make_cluster(link, found)
        found.take_over(link.resolve())
        cluster = Cluster(link.resolve(), found, durable=self._durable)
        cluster.check_version()
        return cluster

    def _remove_interrupted_restore(self) -> None:
        """Deletes the files of a killed restore. No restore runs now: it would hold the lock of this process."""
        left = self.beside()
        if left.data.exists():
            left.erase()
            remove(left.data)

    def _remove_cluster(self) -> None:
        """Deletes the cluster. It is renamed first: if this process is killed, the next start deletes the rest."""
        link, staging = self.data / "cluster", self.data / "cluster.new"
        self._clear(staging)
        if link.exists():
            # If the last server was killed, its PostgreSQL is still running.
            if not Cluster(link.resolve(), programs.find(self._system_home)).stop():
                raise DatabaseUnavailable(
                    f"PostgreSQL in {link.resolve()} does not stop: end its processes, then try again."
                )
        elif not link.is_symlink():
            return
        link.rename(staging)
        self._clear(staging)

    @staticmethod
    def _clear(staging: Path) -> None:
        """Deletes a cluster that is not in use, and the symbolic link to it."""
        if staging.is_symlink():
            remove(staging.resolve())
        remove(staging)

    def _make_cluster(self, link: Path, found: programs.Programs) -> None:
        """Creates the cluster under another name and renames it when it is complete. The next attempt deletes what a
        failed one left."""
        staging = self.data / "cluster.new"
        self._clear(staging)
        Cluster(staging.resolve(), found, durable=self._durable).create()
        staging.rename(link)

    def _socket_folder(self) -> str:
        """Returns the directory of the socket; when its path is too long for a socket, a short path through /proc."""
        if self._cluster is None:
            raise DatabaseUnavailable(f"The embedded PostgreSQL in {self.data} has not been started.")
        path = str(self._cluster.path)
        if len(os.fsencode(path)) + len("/.s.PGSQL.5432") <= SOCKET_PATH_BYTES and "," not in path:
            return path
        if self._folder is None:
            self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._folder}"

    def _explanation(self, error: OSError) -> str:
        where = error.filename or self.data
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"No space is left for {where}: free some space, or set POCKETPAY_DATA to a directory on another "
            "disk."
        return (
            f"Cannot use the data directory {self.data} ({error.strerror or error}: {where}): "
            "set POCKETPAY_DATA to a directory you may write to, or set DATABASE_URL."
        )
