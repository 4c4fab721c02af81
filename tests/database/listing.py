"""Lists the database objects that Alembic does not compare: constraints, triggers and their state, functions,
indexes, grants, composite types.

The listing is committed as `migrations/listing.txt`: its diff is the review.
"""

from asyncpg import Connection, Record

from pocketpay.database import grants
from pocketpay.database.roles import LOGIN, READER, SERVER
from pocketpay.database.sessions import Session

ROLES = (SERVER, READER, LOGIN)

QUERY = r"""
select line from (
    select 1, conrelid::regclass::text, conname::text,
           format('constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
    union all
    select 2, tgrelid::regclass::text, tgname::text,
           format('trigger %s on %s (%s): %s', tgname, tgrelid::regclass,
                  case tgenabled when 'A' then 'always' when 'O' then 'on' when 'R' then 'replica' else 'off' end,
                  regexp_replace(pg_get_triggerdef(oid), '^CREATE (CONSTRAINT )?TRIGGER \S+ ', ''))
    from pg_trigger where not tgisinternal
    union all
    select 3, '', proname::text,
           format('function %s(%s) by %s: %s', proname, pg_get_function_identity_arguments(oid),
                  case when prosecdef then 'its owner' else 'its caller' end,
                  md5(coalesce(pg_get_function_sqlbody(oid), prosrc)))
    from pg_proc where pronamespace = 'public'::regnamespace
    union all
    select 4, indrelid::regclass::text, indexrelid::regclass::text,
           format('index %s on %s: %s', indexrelid::regclass, indrelid::regclass,
                  regexp_replace(pg_get_indexdef(indexrelid), '^CREATE (UNIQUE )?INDEX \S+ ON \S+ USING ', '\1'))
    from pg_index join pg_class on oid = indexrelid
    where relnamespace = 'public'::regnamespace and not exists (select from pg_constraint where conindid = indexrelid)
    union all
    select 5, '', t.typname::text,
           format('type %s: %s', t.typname,
                  string_agg(attname || ' ' || format_type(atttypid, null), ', ' order by attnum))
    from pg_type t join pg_class c on c.oid = t.typrelid join pg_attribute a on a.attrelid = c.oid
    where c.relkind = 'c' and typnamespace = 'public'::regnamespace group by t.typname
) as listing (part, what, name, line)
order by part, what collate "C", name collate "C"
"""


async def listing(owner: "Connection[Record]") -> str:
    """Returns one line for each object, in an order that does not depend on the machine."""
    lines = [*(row["line"] for row in await owner.fetch(QUERY)), *await grants.held(Session(owner), *ROLES)]
    return "".join(f"{line}\n" for line in lines)
