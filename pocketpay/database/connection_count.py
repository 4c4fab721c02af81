"""How many connections the processes of a server hold, and how many the database allows.

    the clearing, the listener      one each
    the clearing's second lane      one
    reads, writes                   up to READERS and WRITERS
    the senders of mail             two, if there are any

When the database allows fewer, each process does without the second lane, and then gets fewer readers and writers, at
least one of each. So the clearing and the listener never compete with reads for the last connection.
"""

from dataclasses import dataclass

from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.sessions import Session

READERS, WRITERS = 4, 2
SINGLE = 2
LANES = 2
MAIL = 2

ALLOWED = """
select least(
    current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int - current_setting('reserved_connections')::int,
    (select nullif(rolconnlimit, -1) from pg_roles where rolname = session_user),
    (select nullif(datconnlimit, -1) from pg_database where datname = current_database())
)"""
"""PostgreSQL's settings and the limits of the role and the database; the lowest applies."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of readers and writers of one process, and of the lanes of its clearing."""

    readers: int = READERS
    writers: int = WRITERS
    lanes: int = LANES


@dataclass(frozen=True, slots=True)
class Plan:
    """The connections of each process. `is_short` is whether a process gets fewer readers or writers than it
    wants."""

    sizes: Sizes
    sentence: str
    is_short: bool


async def used(session: Session) -> tuple[int, int]:
    """Returns the connections that the database server has now, and how many it allows this login."""
    row = await session.fetchrow(
        f"select (select sum(numbackends) from pg_stat_database)::int as used, ({ALLOWED}) as allowed"
    )
    assert row is not None  # noqa: S101 - it has one row
    return row["used"], row["allowed"]


async def plan(session: Session, processes: int, *, sends_mail: bool) -> Plan:
    """Divides the connections that the database allows. Raises DatabaseUnavailable when they are too few."""
    allowed: int = await session.fetchval(ALLOWED)
    return divide(allowed, processes, sends_mail=sends_mail)


def divide(allowed: int, processes: int, *, sends_mail: bool) -> Plan:
    """Divides `allowed` connections. Raises DatabaseUnavailable when they are too few."""
    fixed = SINGLE + (MAIL if sends_mail else 0)
    wanted = fixed + READERS + WRITERS + LANES - 1
    each = min(allowed // processes, wanted)
    who = "1 process" if processes == 1 else f"{processes} processes"
    if each < fixed + 2:
        raise DatabaseUnavailable(
            f"The database allows this login {allowed} connections, and {who} of this server need at least "
            f"{processes * (fixed + 2)}. {ADVICE}"
        )
    lanes = LANES if each == wanted else 1
    if each >= wanted - 1:
        holds = f"This server holds up to {processes * each} of the {allowed} connections that the database allows."
        return Plan(Sizes(lanes=lanes), holds, is_short=False)
    spare = each - fixed
    writers = WRITERS if spare >= 2 * WRITERS else 1
    return Plan(
        Sizes(min(READERS, spare - writers), writers, lanes=1),
        f"The database allows this login {allowed} connections, and {who} of this server want {processes * wanted}: "
        f"each holds {each}, so more requests wait. {ADVICE}",
        is_short=True,
    )


ADVICE = "Raise max_connections or the CONNECTION LIMIT of the role or database, or start fewer workers."
