"""The revision of the tables, the revision of this server's migrations, and whether the two work together.

A server works with tables of its own revision, and with those of a later revision whose migrations left everything in
place that it needs. The database names these servers in `served_revisions`.

This server's revision is read from the text of the migration files: importing Alembic would take two seconds at each
start.

Decision 7 gives the reasons for that, and Decision 55 for the table.
"""

import ast
from functools import cache
from pathlib import Path

import asyncpg

from pocketpay.database.errors import DatabaseUnavailable, MissingGrants, NoTables, WrongRevision
from pocketpay.database.sessions import Session

FOUND = """
select coalesce(bool_or(true), false) as tables,
       coalesce(bool_or(relname = 'alembic_version'), false) as revisions,
       coalesce(bool_or(relname = 'alembic_version' and has_table_privilege(pg_class.oid, 'select')
                        and has_schema_privilege(relnamespace, 'usage')), false) as readable
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where nspname = 'public' and relkind in ('r', 'p')
"""
"""Reads from PostgreSQL's catalog, which every login may read, whether the schema has tables."""


async def check(session: Session) -> str:
    """Returns the revision of the tables. Raises WrongRevision, with advice, unless this server works with them."""
    here, wanted = await current(session), expected()
    if here is None:
        raise await without_revision(session)
    if here == wanted or (here not in known() and await serves(session, wanted)):
        return here
    if here in known():
        raise WrongRevision(
            f"The database is at revision {here}; this server needs {wanted}. Run `pocketpay migrate`."
        )
    raise WrongRevision(
        f"The database is at revision {here}, which does not support this server ({wanted}). Install a newer server."
    )


async def without_revision(session: Session) -> WrongRevision:
    """Returns the error for a database whose revision cannot be read: it has no tables, the login may not read them,
    or they are not complete."""
    (found,) = await session.fetch(FOUND)
    if not found["tables"]:
        return NoTables("The database has no tables yet. Run `pocketpay migrate`.")
    if found["revisions"] and not found["readable"]:
        return MissingGrants(
            "The database has tables that the login of DATABASE_URL cannot read: a role or a grant is missing, for "
            "example after a restore without its roles. Run `pocketpay migrate`, which adds it again."
        )
    return WrongRevision(
        "The database has tables without a revision: a restore was not complete, or the tables belong to another "
        "program. Restore the backup into an empty database."
    )


async def serves(session: Session, revision: str) -> bool:
    """Returns whether a server of this revision works with the tables. Tables before revision 0025 have no list of
    such revisions."""
    try:
        served: bool = await session.fetchval(
            "select exists (select from served_revisions where revision = $1)", revision
        )
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return False
    return served


async def current(session: Session) -> str | None:
    """Returns the revision of the tables, or None when there are no tables or they cannot be read."""
    try:
        revision: str | None = await session.fetchval("select version_num from alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return None
    return revision


def expected() -> str:
    """Returns the revision after this server's last migration."""
    steps = _steps()
    followed = {before for befores in steps.values() for before in befores}
    heads = [revision for revision in steps if revision not in followed]
    if len(heads) != 1:
        raise DatabaseUnavailable("This installation has migrations with more than one head. Install it again.")
    return heads[0]


def known() -> frozenset[str]:
    """Returns every revision of this server's migrations."""
    return frozenset(_steps())


def folder() -> Path:
    """Returns the directory of the migrations: inside the package in an installed wheel, next to it in a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


@cache
def _steps() -> dict[str, tuple[str, ...]]:
    """Returns each revision with the revisions that it follows."""
    steps = {}
    for file in (folder() / "versions").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        revision, before = _assigned(text, "revision"), _assigned(text, "down_revision")
        steps[str(revision)] = (before,) if isinstance(before, str) else tuple(before or ())
    return steps


def _assigned(text: str, name: str) -> str | tuple[str, ...] | None:
    """Returns the literal value that a migration assigns to the name at module level, or None."""
    for line in ast.parse(text).body:
        if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
            target = line.targets[0] if isinstance(line, ast.Assign) else line.target
            if isinstance(target, ast.Name) and target.id == name:
                value: str | tuple[str, ...] | None = ast.literal_eval(line.value)
                return value
    return None
