"""The roles of PostgreSQL: who owns the tables, who serves, who only reads.

    pocketpay_owner     makes the tables (the embedded server's; outside, the login of DATABASE_OWNER_URL)
    pocketpay           the server's login (the embedded server's; outside, the login of DATABASE_URL)
    pocketpay_server    a group: what a server may do; every server's login is in it
    pocketpay_reader    a group: may read everything; a server's login may become it by SET ROLE, and is not before

What each may do to a table stands in the migration that makes the table.
"""

import asyncpg

from pocketpay.database.errors import DatabaseUnavailable

OWNER = "pocketpay_owner"
LOGIN = "pocketpay"
SERVER = "pocketpay_server"
READER = "pocketpay_reader"

GROUPS = f"""
do $$ begin
    if to_regrole('{SERVER}') is null then create role {SERVER} nologin; end if;
    if to_regrole('{READER}') is null then create role {READER} nologin; end if;
    if not exists (
        select from pg_auth_members
        where roleid = '{READER}'::regrole and member = '{SERVER}'::regrole and set_option and not inherit_option
    ) then
        grant {READER} to {SERVER} with inherit false, set true;
    end if;
end $$"""


async def make_groups(owner: "asyncpg.Connection[asyncpg.Record]", login: str) -> None:
    """Makes the two groups and puts the server's `login` in its own; what is there already stays as it is.

    Raises DatabaseUnavailable with the SQL for an administrator when `owner` may not do so.
    """
    quoted = await owner.fetchval("select quote_ident($1)", login)
    try:
        await owner.execute(GROUPS)
        if not await _is_member(owner, login):
            await owner.execute(f"grant {SERVER} to {quoted}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseUnavailable(
            "The login of DATABASE_OWNER_URL cannot create roles. Ask an administrator to run this "
            f"once, then migrate again.\n{sql_for_administrator(quoted)}"
        ) from error


def sql_for_administrator(quoted_login: str) -> str:
    """What `make_groups` does, for somebody who may."""
    return (
        f"CREATE ROLE {SERVER} NOLOGIN;\n"
        f"CREATE ROLE {READER} NOLOGIN;\n"
        f"GRANT {READER} TO {SERVER} WITH INHERIT FALSE, SET TRUE;\n"
        f"GRANT {SERVER} TO {quoted_login};"
    )


async def _is_member(owner: "asyncpg.Connection[asyncpg.Record]", login: str) -> bool:
    return bool(
        await owner.fetchval(
            "select true from pg_auth_members"
            f" where roleid = '{SERVER}'::regrole and member = to_regrole(quote_ident($1))",
            login,
        )
    )
