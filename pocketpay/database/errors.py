"""Errors that prevent a server from using its database at the start. Each message says what to do.

PocketPayError
├── DatabaseUnavailable   PostgreSQL cannot be reached, or its settings are not safe for money
└── WrongRevision         the tables are of another revision than this server's, or cannot be read
    ├── NoTables          the database is empty
    └── MissingGrants     a role or a grant is missing
"""

from pocketpay.database.availability import Cause, advice, most_important
from pocketpay.database.failures import NoPrimary, ServiceBusy
from pocketpay.errors import PocketPayError


class DatabaseUnavailable(PocketPayError):
    """PostgreSQL cannot be started or reached, or its settings could lose money."""


class WrongRevision(PocketPayError):
    """The tables are of another revision than this server's migrations, or cannot be read."""


class NoTables(WrongRevision):
    """The database is empty."""


class MissingGrants(WrongRevision):
    """A role or a grant that the migrations made is missing. `pocketpay migrate` adds it again."""


def unreachable(busy: ServiceBusy) -> DatabaseUnavailable:
    """Returns the error for a database that cannot be reached at the start."""
    if isinstance(busy, NoPrimary):
        return DatabaseUnavailable(advice(most_important([Cause(cause) for cause in busy.causes]), busy.reason))
    return DatabaseUnavailable(advice(Cause.OTHER, str(busy)))
