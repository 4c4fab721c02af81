"""The privileges of the server and the reader: compares a database with the migrations, and repairs it.

The migrations grant them, and `migrations/listing.txt` lists them all: a test compares it with a migrated database.
Each line is also the statement that grants the privilege, so no second list is needed.

A privilege can be missing after a restore without roles, after a REVOKE, or when a role was dropped. An extra
privilege can remain from a repair by hand.

Decision 59 gives the reasons.
"""

from dataclasses import dataclass
from functools import cache

from pocketpay.database import revisions
from pocketpay.database.errors import MissingGrants
from pocketpay.database.roles import READER, SERVER
from pocketpay.database.sessions import Session

HELD = """
with acl (part, object, name, grantor, grantee, privilege) as (
    select 5, relname::text, null, relowner, (aclexplode(relacl)).grantee, (aclexplode(relacl)).privilege_type
    from pg_class where relnamespace = 'public'::regnamespace
    union all
    select 6, relname::text, attname::text, relowner, (aclexplode(attacl)).grantee,
           (aclexplode(attacl)).privilege_type
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'public'::regnamespace and not attisdropped
    union all
    select 7, format('function %s(%s)', proname, oidvectortypes(proargtypes)), null, proowner,
           (aclexplode(proacl)).grantee, (aclexplode(proacl)).privilege_type
    from pg_proc where pronamespace = 'public'::regnamespace
)
select format('grant %s%s on %s to %s', lower(privilege), ' (' || name || ')', object,
              case grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(grantee)) end) as line
from acl
where grantee <> grantor and not (part = 7 and grantee = 0)
  and (grantee = 0 or pg_get_userbyid(grantee) = any($1::text[]))
order by part, object collate "C", pg_get_userbyid(grantee) || privilege || coalesce(name, '') collate "C"
"""
"""The privileges of PUBLIC and of the named roles in a database, in the form of the listing. Every login may run this
query. PUBLIC can execute every function, which is PostgreSQL's default; that is not listed."""

WITHOUT_SCHEMA = """
select rolname from pg_roles
where rolname = any($1) and not has_schema_privilege(oid, 'public', 'usage')
order by rolname
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """The missing and the extra privileges of a database, as statements of the form `grant … to …`."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]


@cache
def stated() -> tuple[str, ...]:
    """Returns every privilege that the migrations state, as the statement that grants it."""
    text = (revisions.folder() / "listing.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line.startswith("grant "))


async def held(session: Session, *roles: str) -> tuple[str, ...]:
    """Returns the privileges of PUBLIC and of the roles in the database."""
    return tuple(row["line"] for row in await session.fetch(HELD, list(roles)))


async def difference(session: Session, login: str) -> Difference:
    """Compares the privileges of PUBLIC, of the two groups and of the server's login with the stated ones.

    An extra privilege counts only on the tables and functions of Pocket Pay.
    """
    wanted, found = stated(), await held(session, SERVER, READER, login)
    ours = {_object_of(line) for line in wanted}
    missing = sorted(set(wanted) - set(found))
    without = await session.fetch(WITHOUT_SCHEMA, [SERVER, READER])
    schemas = [f"grant usage on schema public to {row['rolname']}" for row in without]
    extra = [line for line in found if line not in wanted and _object_of(line) in ours]
    return Difference((*schemas, *missing), tuple(extra))


async def check(session: Session) -> None:
    """Checks the tables with the server's login. Raises WrongRevision, or MissingGrants with advice when a stated
    privilege is missing. Privileges are compared only when the tables are of this server's revision."""
    if await revisions.check(session) != revisions.expected():
        return
    login = await session.fetchval("select current_user")
    missing = (await difference(session, login)).missing
    memberships = await session.fetchval(
        f"select not (pg_has_role('{SERVER}', 'usage') and pg_has_role('{READER}', 'set'))"
        f" from pg_roles where rolname = '{SERVER}' and to_regrole('{READER}') is not null"
    )
    if missing or memberships is not False:
        raise MissingGrants(
            "A role or a grant of the tables is missing, for example after a restore without its roles. Run "
            "`pocketpay migrate`, which adds it again."
        )


async def repair(owner: Session, login: str) -> tuple[str, ...]:
    """Revokes and grants until the database has exactly the stated privileges, in one transaction of the caller.

    Returns the executed statements. `owner` may have another search path.
    """
    await owner.execute("set local search_path to public")
    done = []
    for line in (await difference(owner, login)).extra:
        head, _, role = line.rpartition(" to ")
        done.append(f"revoke {head.removeprefix('grant ')} from {role}")
        await owner.execute(done[-1])
    # Only now: REVOKE on a table also revokes the privileges on its columns.
    for line in (await difference(owner, login)).missing:
        done.append(line)
        await owner.execute(line)
    return tuple(done)


def _object_of(line: str) -> str:
    return line.partition(" on ")[2].rpartition(" to ")[0]
