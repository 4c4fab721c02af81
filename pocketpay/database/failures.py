"""What an error on the way to PostgreSQL means for the unit of work it ended.

    Failure         SQLSTATE                            what it says of the unit
    CONSTRAINT      22xxx 23xxx P0001                   undone; one of its parts breaks a rule of the database, or
                                                        does not fit the wire (the driver says 22000)
    RETRY           40001 40P01, a stale cached plan    undone; the same again may pass
    LOCK_TIMEOUT    55P03                               undone; somebody holds a row for too long
    CANCELLED       57014 53200                         undone; a statement took too long or too much
    DISK_FULL       53100 58xxx                         undone; nowhere to write it
    UNKNOWN         08xxx 25P03 25P04 25006 40003       undone or done, nobody knows; the connection is not to be
                    53300 57P0x, all that is not        trusted, a new one and the same ids will tell
                    PostgreSQL's own
    BUG             everything else                     undone; our SQL is wrong, and no retry mends it

The clearing reads this table and never the driver's own classes.
"""

from enum import StrEnum

import asyncpg

from pocketpay.errors import PocketPayError


class Failure(StrEnum):
    """What became of a unit of work that raised; the table above."""

    CONSTRAINT = "constraint"
    RETRY = "retry"
    LOCK_TIMEOUT = "lock_timeout"
    CANCELLED = "cancelled"
    DISK_FULL = "disk_full"
    UNKNOWN = "unknown"
    BUG = "bug"


class ServiceBusy(PocketPayError):
    """The database cannot be asked just now; the same question may pass in a moment.

    `may_have_happened` is True when a write was under way and nobody knows whether it was committed: ask again with
    the same key.
    """

    def __init__(self, reason: str, *, may_have_happened: bool = False) -> None:
        super().__init__(reason)
        self.may_have_happened = may_have_happened


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
    """What `error`, raised by a unit of work, says of it."""
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


def lost_connection(error: BaseException) -> bool:
    """Whether `error` means that the connection it came from must not be used again."""
    driver = isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | asyncpg.InternalClientError | OSError)
    return driver and classify(error) is Failure.UNKNOWN


def _is_wrong_call(error: BaseException) -> bool:
    """The driver refused how it was called: more or fewer values than the statement has places."""
    return isinstance(error, asyncpg.InterfaceError) and str(error).startswith("the server expects ")
