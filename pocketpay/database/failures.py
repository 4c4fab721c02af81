"""The meaning of a PostgreSQL error for the unit of work that it ended.

    Failure         SQLSTATE                            state of the unit of work
    CONSTRAINT      22xxx 23xxx P0001                   rolled back; a part of it breaks a rule of the database, or a
                                                        value does not fit its type (the driver reports 22000)
    RETRY           40001 40P01, a stale cached plan    rolled back; a retry may succeed
    LOCK_TIMEOUT    55P03                               rolled back; another transaction held a lock for too long
    CANCELLED       57014 53200                         rolled back; a statement took too long or too much memory
    DISK_FULL       53100 58xxx                         rolled back; there is no disk space
    UNKNOWN         08xxx 25P03 25P04 25006 40003       committed or not, unknown; the connection must not be used
                    53300 57P0x, all errors that        again. Repeat the unit with the same ids on a new
                    are not from PostgreSQL             connection: the result shows whether it was committed
    BUG             all others                          rolled back; our SQL is wrong, and a retry does not help

The clearing uses this table, not the driver's exception classes.
"""

from collections.abc import Sequence
from enum import StrEnum

import asyncpg

from pocketpay.errors import PocketPayError


class Failure(StrEnum):
    """The state of a unit of work after an error: see the table above."""

    CONSTRAINT = "constraint"
    RETRY = "retry"
    LOCK_TIMEOUT = "lock_timeout"
    CANCELLED = "cancelled"
    DISK_FULL = "disk_full"
    UNKNOWN = "unknown"
    BUG = "bug"


class ServiceBusy(PocketPayError):
    """The database cannot be used at the moment; a retry may succeed.

    `may_have_happened` is True when it is unknown whether a write was committed. Retry the operation with the same
    key.
    """

    def __init__(self, reason: str, *, may_have_happened: bool = False) -> None:
        super().__init__(reason)
        self.may_have_happened = may_have_happened


class NoPrimary(ServiceBusy):
    """No host of the database accepted a connection for writing. `reason` says why, for each host; `causes` has the
    cause of each one (availability.py)."""

    def __init__(self, reason: str, causes: Sequence[str] = ()) -> None:
        super().__init__(f"no connection to the database: {reason}")
        self.reason, self.causes = reason, tuple(causes)


_BY_STATE = {
    "40001": Failure.RETRY,
    "40P01": Failure.RETRY,
    "55P03": Failure.LOCK_TIMEOUT,
    "57014": Failure.CANCELLED,
    "53200": Failure.CANCELLED,
    "53100": Failure.DISK_FULL,
    "P0001": Failure.CONSTRAINT,
    "25P03": Failure.UNKNOWN,
    "25P04": Failure.UNKNOWN,
    "25006": Failure.UNKNOWN,
    "40003": Failure.UNKNOWN,
    "53300": Failure.UNKNOWN,
}

_BY_CLASS = {
    "08": Failure.UNKNOWN,
    "22": Failure.CONSTRAINT,
    "23": Failure.CONSTRAINT,
    "57": Failure.UNKNOWN,
    "58": Failure.DISK_FULL,
}


def classify(error: BaseException) -> Failure:
    """Returns the state of the unit of work that raised `error`."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return Failure.RETRY
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or Failure.BUG
    if isinstance(error, PocketPayError) and not isinstance(error, ServiceBusy):
        return Failure.BUG
    if _is_wrong_call(error):
        return Failure.BUG
    return Failure.UNKNOWN


_FROM_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


def lost_connection(error: BaseException) -> bool:
    """Whether the connection that raised `error` must not be used again."""
    return isinstance(error, _FROM_DRIVER) and classify(error) is Failure.UNKNOWN


def looks_like_bug(error: BaseException) -> bool:
    """Whether neither PostgreSQL nor the driver nor the network reports `error`, so that it looks like a bug of ours.

    When a connection is lost, the driver may raise such an error too (AttributeError). So a retry may help.
    """
    return not isinstance(error, (*_FROM_DRIVER, ServiceBusy))


def _is_wrong_call(error: BaseException) -> bool:
    """Whether the driver refused the number of arguments, because it does not match the statement's parameters."""
    return isinstance(error, asyncpg.InterfaceError) and str(error).startswith("the server expects ")
