"""What keeps a server from its database at the start. Each text is one sentence that says what to do.

PocketPayError
├── DatabaseUnavailable   there is no PostgreSQL to be had, or it is not one to trust money to
└── WrongRevision         its tables are not those this server was built for
"""

from pocketpay.errors import PocketPayError


class DatabaseUnavailable(PocketPayError):
    """PostgreSQL cannot be started or reached, or its settings would lose money."""


class WrongRevision(PocketPayError):
    """The tables are of another revision than this server's migrations."""


def unreachable(busy: Exception) -> DatabaseUnavailable:
    """The sentence for a database that cannot be reached at the start."""
    reason = str(busy.__cause__ or busy).strip().rstrip(".") or type(busy.__cause__).__name__
    return DatabaseUnavailable(f"The database does not answer ({reason}): start it, or correct DATABASE_URL.")
