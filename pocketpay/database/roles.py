"""The roles of PostgreSQL: the owner of the tables, the server, and the reader.

    pocketpay_owner     owns the tables of the embedded database (externally: the login of DATABASE_OWNER_URL)
    pocketpay           the server's login in the embedded database (externally: the login of DATABASE_URL)
    pocketpay_server    a group with the privileges of a server; the login of every server is a member
    pocketpay_reader    a group that may read everything; a server's login takes this role with SET ROLE

The migration that creates a table grants the privileges on it.
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


async def create_groups(owner: "asyncpg.Connection[asyncpg.Record]", login: str) -> None:
    """Creates the missing groups, and adds the server's `login` to pocketpay_server.

    When `owner` lacks the privilege, raises DatabaseUnavailable with the SQL for an administrator.
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
    """Returns SQL that does the same as `create_groups`, for an administrator."""
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
