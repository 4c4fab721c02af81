"""Errors that prevent a server from using its database at the start. Each message says what to do.

PocketPayError
├── DatabaseUnavailable   PostgreSQL cannot be reached, or its settings are not safe for money
└── WrongRevision         the tables are of another revision than this server's
"""

from pocketpay.errors import PocketPayError


class DatabaseUnavailable(PocketPayError):
    """PostgreSQL cannot be started or reached, or its settings could lose money."""


class WrongRevision(PocketPayError):
    """The tables are of another revision than this server's migrations."""


def unreachable(busy: Exception) -> DatabaseUnavailable:
    """Returns the error for a database that cannot be reached at the start."""
    reason = str(busy.__cause__ or busy).strip().rstrip(".") or type(busy.__cause__).__name__
    return DatabaseUnavailable(f"The database does not answer ({reason}): start it, or correct DATABASE_URL.")
