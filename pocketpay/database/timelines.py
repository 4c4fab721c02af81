"""Recognises a former primary that does not know that another host was promoted.

A promotion starts a new timeline of the cluster. A primary that was frozen or cut off meanwhile comes back on the old
timeline, and accepts reads and writes until somebody demotes it. So a process never goes back to an older timeline:
it refuses such a connection, and when it first meets a newer timeline, it closes its connections on older ones.

Decision 51 gives the reasons.
"""

from weakref import WeakSet

import asyncpg
import structlog

from pocketpay.database.held import Connection

CURRENT = "select system_identifier, pg_walfile_name(pg_current_wal_lsn()) as segment from pg_control_system()"
"""The first eight hexadecimal digits of a segment's name are the timeline."""

NOT_TOLD = (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError, asyncpg.FeatureNotSupportedError)
"""Errors of hosted PostgreSQLs that do not report their timeline. Their connections are not compared."""

log = structlog.get_logger(__name__)


class FormerPrimary(Exception):
    """The host accepts writes, but another host was promoted after it."""

    def __init__(self, timeline: int | None = None, newest: int | None = None) -> None:
        """Without timelines: the connection was closed because another connection reached a newer primary."""
        which = "" if timeline is None else f", on timeline {timeline} while {newest} is in use"
        super().__init__(f"a former primary{which}")


class Timelines:
    """The newest timeline that this process has used, by cluster, and the open connections on it."""

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        self._connections: dict[int, WeakSet[Connection]] = {}

    async def check(self, connection: Connection) -> None:
        """Reads the timeline of a new connection. Raises FormerPrimary when it is an older one."""
        try:
            row = await connection.fetchrow(CURRENT)
        except NOT_TOLD:
            return
        assert row is not None  # noqa: S101 - the function returns one row
        self.admit(connection, row["system_identifier"], int(row["segment"][:8], 16))

    def admit(self, connection: Connection, cluster: int, timeline: int) -> None:
        """Records the timeline of a connection. Closes connections on older ones, or raises FormerPrimary."""
        newest = self._newest.get(cluster, timeline)
        if timeline < newest:
            raise FormerPrimary(timeline, newest)
        if timeline > newest:
            former = [one for one in self._connections.pop(cluster, ()) if not one.is_closed()]
            log.warning("primary_changed", timeline=timeline, count=len(former))
            for one in former:
                one.terminate()
        self._newest[cluster] = timeline
        self._connections.setdefault(cluster, WeakSet()).add(connection)


SEEN = Timelines()
"""The timelines that this process has used."""
