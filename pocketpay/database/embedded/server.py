"""PostgreSQL of our own, for where nobody else runs one.

    <data>/cluster      the cluster, or the link to it where root runs us   (see `programs`)
    <data>/serving      held shared by every process that uses the cluster; whoever leaves last stops it
    <data>/starting     held alone by whoever starts or stops it
    <data>/secret_key   see `secret_key`

Any number of processes may start on one data directory: the first starts PostgreSQL, all use it, each watches it, the
last one out stops it. None of them is special, so that none is missed when it is killed.

Decision 6 gives the reasons.
"""

import asyncio
import errno
import os
import secrets
import time
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import structlog

from pocketpay.database.embedded import programs
from pocketpay.database.embedded.cluster import Cluster, remove
from pocketpay.database.embedded.lock_files import FileLock, alone
from pocketpay.database.embedded.readiness import DATABASE, answers
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.roles import LOGIN, OWNER

START_SECONDS = 60.0
"""A start after a crash reads the log again; past this something else is wrong."""

ERASE_PATIENCE_SECONDS = 3.0
"""A server that has just stopped holds the lock for a moment longer."""

STEP_SECONDS = 0.05
WATCH_SECONDS = 0.2
SOCKET_PATH_BYTES = 107
OUR_NAMES = frozenset({"cluster", "cluster.new", "serving", "starting", "secret_key"})

log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """The PostgreSQL of one data directory. `start` and `stop` block: call them outside an event loop."""

    def __init__(self, data: Path, *, durable: bool = True, system_home: Path = programs.SYSTEM_HOME) -> None:
        """Touches nothing yet. `durable=False` loses data in a power cut and is for tests alone."""
        self.data = Path(os.path.abspath(data))
        self._durable = durable
        self._system_home = system_home
        self._cluster: Cluster | None = None
        self._serving: FileLock | None = None
        self._folder: int | None = None

    @property
    def server_dsn(self) -> str:
        """How the server comes in: a login that owns nothing. Good in this process while it is started."""
        return self.dsn(LOGIN)

    @property
    def owner_dsn(self) -> str:
        """How migrations come in: the owner of every table. Good in this process while it is started."""
        return self.dsn(OWNER)

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """The address of that database for one of the two roles."""
        where = {"host": self._socket_folder(), "port": "5432"}
        return f"postgresql://{role}@/{database}?{urlencode(where)}"

    def start(self) -> None:
        """Returns when PostgreSQL answers, started by us or by somebody else; said again, sees that it still does.

        Raises DatabaseUnavailable, one sentence that says what to do.
        """
        try:
            self._prepare_data()
            with alone(self.data / "starting", patience_seconds=START_SECONDS) as held:
                if not held:
                    raise DatabaseUnavailable(f"Another process has been starting {self.data} for a minute: end it.")
                if self._serving is None:
                    self._serving = FileLock(self.data / "serving")
                    self._serving.share()
                self._cluster = self._open_cluster()
                self._bring_up(self._cluster)
        except OSError as error:
            self.stop()
            raise DatabaseUnavailable(self._trouble(error)) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Leaves; stops PostgreSQL when nobody else is using it. A second call does nothing."""
        serving, self._serving = self._serving, None
        if serving is None:
            return
        # Without the lock after all that patience, somebody else is starting, and will be the last one out.
        with alone(self.data / "starting", patience_seconds=3):
            if serving.take() and self._cluster is not None and not self._cluster.stop():
                log.warning("embedded_postgres_did_not_stop", path=str(self._cluster.path))
            serving.release()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def erase(self) -> None:
        """Removes the cluster and all data in it; the secret key stays. An absent cluster is fine.

        Raises DatabaseUnavailable, one sentence that says what to do, while any process uses the cluster.
        """
        try:
            self._prepare_data()
            with alone(self.data / "starting", patience_seconds=ERASE_PATIENCE_SECONDS) as not_starting:
                serving = FileLock(self.data / "serving")
                try:
                    if not not_starting or not serving.take():
                        raise DatabaseUnavailable(
                            f"A server is running on the data in {self.data}: stop it, then try again."
                        )
                    self._remove_cluster()
                finally:
                    serving.release()
        except OSError as error:
            raise DatabaseUnavailable(self._trouble(error)) from error

    async def watch(self) -> None:
        """Brings PostgreSQL back whenever it has died, whoever started it. Runs until cancelled."""
        troubled = False
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._cluster is None or self._cluster.postmaster() is not None:
                continue
            if not troubled:
                log.warning("embedded_postgres_died")
            try:
                back = await asyncio.to_thread(self._revive)
            except (DatabaseUnavailable, OSError) as error:
                back = False
                if not troubled:
                    log.error("embedded_postgres_does_not_start", reason=str(error))
            if back:
                log.info("embedded_postgres_is_back")
            troubled = not back

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _revive(self) -> bool:
        """One try to start it again; whether there is a postmaster now."""
        with alone(self.data / "starting", patience_seconds=0) as held:
            if not held or self._serving is None or self._cluster is None:
                return False
            if self._cluster.postmaster() is None:
                self._cluster.launch()
            return self._cluster.postmaster() is not None

    def _bring_up(self, cluster: Cluster) -> None:
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
        """The data directory: ours, private, and either new or known."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = self.data.stat()
        if facts.st_uid != os.geteuid():
            raise DatabaseUnavailable(
                f"The data directory {self.data} belongs to another user: run as that user, "
                "or set POCKETPAY_DATA to a directory of your own."
            )
        names = set(os.listdir(self.data)) - {"lost+found"}  # in the root of a disk of its own
        if names and not names & OUR_NAMES:
            raise DatabaseUnavailable(
                f"The data directory {self.data} has other files. Set POCKETPAY_DATA to an empty directory."
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
        cluster = Cluster(link.resolve(), found, durable=self._durable)
        cluster.check_version()
        return cluster

    def _remove_cluster(self) -> None:
        """Moves the cluster aside first: if this process is killed, the next start clears the rest away."""
        link, aside = self.data / "cluster", self.data / "cluster.new"
        self._clear(aside)
        if link.exists():
            # Its PostgreSQL still runs if the last server was killed.
            if not Cluster(link.resolve(), programs.find(self._system_home)).stop():
                raise DatabaseUnavailable(f"PostgreSQL in {link.resolve()} does not stop: end it, then try again.")
        elif not link.is_symlink():
            return
        link.rename(aside)
        self._clear(aside)

    @staticmethod
    def _clear(aside: Path) -> None:
        """Removes a cluster that is not in use, and the link to it."""
        if aside.is_symlink():
            remove(aside.resolve())
        remove(aside)

    def _make_cluster(self, link: Path, found: programs.Programs) -> None:
        """Makes the cluster aside and puts it in place when it is whole; a broken try is cleared away by the next."""
        aside = self.data / "cluster.new"
        self._clear(aside)
        if os.geteuid() == 0:
            aside.symlink_to(self._system_home / secrets.token_hex(8))
        Cluster(aside.resolve(), found, durable=self._durable).create()
        aside.rename(link)

    def _socket_folder(self) -> str:
        """The folder of the socket, by a short way in where its own path is too long for one."""
        if self._cluster is None:
            raise DatabaseUnavailable(f"The embedded PostgreSQL in {self.data} has not been started.")
        path = str(self._cluster.path)
        if len(os.fsencode(path)) + len("/.s.PGSQL.5432") <= SOCKET_PATH_BYTES and "," not in path:
            return path
        if self._folder is None:
            self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._folder}"

    def _trouble(self, error: OSError) -> str:
        where = error.filename or self.data
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"No space is left for {where}: free some, or set POCKETPAY_DATA to a directory on another disk."
        return (
            f"Cannot use the data directory {self.data} ({error.strerror or error}: {where}): "
            "set POCKETPAY_DATA to a directory you may write to, or set DATABASE_URL."
        )
