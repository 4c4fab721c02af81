"""Why the database cannot be reached: the cause of each failed attempt to connect, counted and logged.

    wrong_password         the login or its password is refused
    no_such_database       the server is there, the database is not
    too_many_connections   PostgreSQL, the role or the database has no connection left
    starting_up            PostgreSQL starts, stops or recovers
    standby                the host does not accept writes
    former_primary         the host accepts writes, but another one was promoted after it
    not_listening          the machine answers, and nothing listens on the port
    unknown_host           the name has no address
    no_answer              the machine is off, cut off, or does not answer in time
    tls                    the encrypted connection is refused
    pooler                 there is a connection pooler in transaction mode
    other                  anything else; the reason says what

A server that cannot reach its database tries many times a second, so the log has one line when the cause changes, one
each REPEAT_SECONDS, and one when the database is back.

Decision 64 gives the reasons.
"""

import errno
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum

import asyncpg
import structlog

from pocketpay.database.timelines import FormerPrimary

REPEAT_SECONDS = 60.0
"""Time between two lines about a database that stays away for the same cause."""

log = structlog.get_logger(__name__)


class Cause(StrEnum):
    """Why an attempt to connect failed: see the table above. The first ones must be corrected by a person."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - not a password
    NO_SUCH_DATABASE = "no_such_database"
    TLS = "tls"
    POOLER = "pooler"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    UNKNOWN_HOST = "unknown_host"
    STARTING_UP = "starting_up"
    NOT_LISTENING = "not_listening"
    NO_ANSWER = "no_answer"
    OTHER = "other"
    FORMER_PRIMARY = "former_primary"
    STANDBY = "standby"


ADVICE = {
    Cause.WRONG_PASSWORD: "refuses the login ({reason}): correct the user or the password in DATABASE_URL.",
    Cause.NO_SUCH_DATABASE: "does not exist ({reason}): create it, or correct DATABASE_URL.",
    Cause.TLS: "refuses the encrypted connection ({reason}): correct sslmode or the certificates.",
    Cause.TOO_MANY_CONNECTIONS: "has no connection left ({reason}): raise max_connections or the CONNECTION LIMIT, "
    "or stop clients.",
    Cause.STARTING_UP: "is not ready yet ({reason}): wait until it has started, and try again.",
    Cause.UNKNOWN_HOST: "has an unknown host ({reason}): correct DATABASE_URL.",
}
"""What is wrong and what to do, by cause: the rest of a sentence that begins with "the database"."""

DEFAULT_ADVICE = "does not answer ({reason}): start it, or correct DATABASE_URL."

_BY_STATE = {
    "28P01": Cause.WRONG_PASSWORD,
    "28000": Cause.WRONG_PASSWORD,
    "3D000": Cause.NO_SUCH_DATABASE,
    "53300": Cause.TOO_MANY_CONNECTIONS,
    "57P01": Cause.STARTING_UP,
    "57P02": Cause.STARTING_UP,
    "57P03": Cause.STARTING_UP,
}

_NOT_LISTENING = (errno.ECONNREFUSED, errno.ENOENT)


def cause_of(error: BaseException) -> Cause:
    """Returns the cause of a failed attempt to connect."""
    if isinstance(error, FormerPrimary):
        return Cause.FORMER_PRIMARY
    if isinstance(error, asyncpg.exceptions.TargetServerAttributeNotMatched):
        return Cause.STANDBY
    if isinstance(error, asyncpg.InvalidSQLStatementNameError | asyncpg.DuplicatePreparedStatementError):
        return Cause.POOLER
    if isinstance(error, asyncpg.PostgresError):
        return _BY_STATE.get(error.sqlstate or "", Cause.OTHER)
    if isinstance(error, ssl.SSLError) or (isinstance(error, ConnectionError) and "SSL" in str(error)):
        return Cause.TLS
    if isinstance(error, socket.gaierror):
        return Cause.UNKNOWN_HOST
    if isinstance(error, OSError) and error.errno in _NOT_LISTENING:
        return Cause.NOT_LISTENING
    if isinstance(error, OSError):  # TimeoutError too
        return Cause.NO_ANSWER
    return Cause.OTHER


def most_important(causes: Sequence[Cause]) -> Cause:
    """Returns the cause that is the most urgent for a person to correct, when several hosts have failed."""
    return min(causes, key=[*Cause].index, default=Cause.OTHER)


def advice(cause: Cause, reason: str) -> str:
    """Returns a sentence that says what is wrong and what to do, for a person who starts a server."""
    return "The database " + ADVICE.get(cause, DEFAULT_ADVICE).format(reason=reason)


class Availability:
    """What this process knows about its database. `logs` is True in a server: a command prints its error itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.logs = False
        self.host: str | None = None
        """The host of the newest connection."""
        self.failures: Counter[Cause] = Counter()
        """The failed attempts to connect, by cause."""
        self._cause: Cause | None = None
        self._away_since = self._logged_at = 0.0

    def connected(self, host: str) -> None:
        """Notes that a connection to the host was opened."""
        if self._cause is not None and self.logs:
            log.info("database_available", host=host, seconds=round(self._clock() - self._away_since, 1))
        self._cause, self.host = None, host

    def failed(self, causes: Sequence[Cause], reason: str) -> None:
        """Counts and logs that no host accepted a connection. Each host has a cause."""
        self.failures.update(causes)
        cause, now = most_important(causes), self._clock()
        if self._cause is None:
            self._away_since = now
        elif cause is self._cause and now - self._logged_at < REPEAT_SECONDS:
            return
        self._cause, self._logged_at = cause, now
        if self.logs:
            log.warning("database_unavailable", cause=cause, reason=reason, seconds=round(now - self._away_since, 1))


AVAILABILITY = Availability()
"""What this process knows about its database."""
