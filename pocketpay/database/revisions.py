"""Which revision the tables are of, and which one this server wants.

The migrations' own files are read for it, as text: asking Alembic would cost every start two seconds of imports.

Decision 7 gives the reasons.
"""

import ast
from functools import cache
from pathlib import Path

import asyncpg

from pocketpay.database.errors import DatabaseUnavailable, WrongRevision
from pocketpay.database.sessions import Session


async def check(session: Session) -> None:
    """Raises WrongRevision, with what to do, unless the tables are of this server's revision."""
    here, wanted = await current(session), expected()
    if here == wanted:
        return
    if here is None:
        raise WrongRevision("The database has no tables yet. Run `pocketpay migrate`.")
    if here in known():
        raise WrongRevision(f"The database is at revision {here}, this server at {wanted}. Run `pocketpay migrate`.")
    raise WrongRevision(
        f"The database is at revision {here}, which this server ({wanted}) does not know. Install a newer server."
    )


async def current(session: Session) -> str | None:
    """The revision of the tables, or None where there are none that we may see."""
    try:
        revision: str | None = await session.fetchval("select version_num from alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return None
    return revision


def expected() -> str:
    """The revision that this server's migrations lead to."""
    steps = _steps()
    left = {before for befores in steps.values() for before in befores}
    heads = [revision for revision in steps if revision not in left]
    if len(heads) != 1:
        raise DatabaseUnavailable("This installation has migrations with more than one head. Install it again.")
    return heads[0]


def known() -> frozenset[str]:
    """Every revision that this server's migrations lead through."""
    return frozenset(_steps())


def folder() -> Path:
    """Where the migrations are: carried in the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).parents[1]
    carried = package / "migrations"
    return carried if carried.is_dir() else package.parent / "migrations"


@cache
def _steps() -> dict[str, tuple[str, ...]]:
    """Each revision and those it follows."""
    steps = {}
    for file in (folder() / "versions").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        revision, before = _assigned(text, "revision"), _assigned(text, "down_revision")
        steps[str(revision)] = (before,) if isinstance(before, str) else tuple(before or ())
    return steps


def _assigned(text: str, name: str) -> str | tuple[str, ...] | None:
    """The plain value that a migration gives that name at its top."""
    for line in ast.parse(text).body:
        if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
            target = line.targets[0] if isinstance(line, ast.Assign) else line.target
            if isinstance(target, ast.Name) and target.id == name:
                value: str | tuple[str, ...] | None = ast.literal_eval(line.value)
                return value
    return None
