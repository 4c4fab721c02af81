"""The roles of PostgreSQL: the owner of the tables, the server, and the reader.

    pocketpay_owner     owns the tables of the embedded database (externally: the login of DATABASE_OWNER_URL)
    pocketpay           the server's login in the embedded database (externally: the login of DATABASE_URL)
    pocketpay_server    a group with the privileges of a server; the login of every server is a member
    pocketpay_reader    a group that may read everything; a server's login takes this role with SET ROLE

The migration that creates a table grants the privileges on it.
"""

import asyncpg

from pocketpay.database.connecting import connect
from pocketpay.database.errors import DatabaseUnavailable

OWNER = "pocketpay_owner"
LOGIN = "pocketpay"
SERVER = "pocketpay_server"
READER = "pocketpay_reader"

MISSING = f"""
with steps (number, is_done, statement) as (
    select 1, to_regrole('{SERVER}') is not null, 'create role {SERVER} nologin'
    union all
    select 2, to_regrole('{READER}') is not null, 'create role {READER} nologin'
    union all
    select 3, exists (
        select from pg_auth_members
        where roleid = to_regrole('{READER}') and member = to_regrole('{SERVER}')
          and set_option and not inherit_option
    ), 'grant {READER} to {SERVER} with inherit false, set true'
    union all
    select 4, exists (
        select from pg_auth_members
        where roleid = to_regrole('{SERVER}') and member = to_regrole(quote_ident($1)) and inherit_option
    ), format('grant {SERVER} to %I with inherit true', $1)
)
select statement from steps where not is_done order by number"""


async def create_groups(owner: "asyncpg.Connection[asyncpg.Record]", login: str) -> tuple[str, ...]:
    """Creates the missing groups, and adds the server's `login` to pocketpay_server. Returns the executed statements.

    When `owner` lacks the privilege, raises DatabaseUnavailable with the SQL for an administrator.
    """
    quoted = await owner.fetchval("select quote_ident($1)", login)
    done = tuple(row["statement"] for row in await owner.fetch(MISSING, login))
    try:
        for statement in done:
            await owner.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseUnavailable(
            "The login of DATABASE_OWNER_URL cannot create roles. Ask an administrator to run this "
            f"once, then migrate again.\n{sql_for_administrator(quoted)}"
        ) from error
    return done


async def login_of(server_dsn: str) -> str:
    """Returns the login role of DATABASE_URL, as the database reports it. Raises ServiceBusy."""
    server = await connect(server_dsn, name="pocketpay migrate", settings={})
    try:
        login: str = await server.fetchval("select session_user")
        return login
    finally:
        server.terminate()


def sql_for_administrator(quoted_login: str) -> str:
    """Returns SQL that does the same as `create_groups`, for an administrator."""
    return (
        f"CREATE ROLE {SERVER} NOLOGIN;\n"
        f"CREATE ROLE {READER} NOLOGIN;\n"
        f"GRANT {READER} TO {SERVER} WITH INHERIT FALSE, SET TRUE;\n"
        f"GRANT {SERVER} TO {quoted_login};"
    )
