"""The guards in the database, enumerated from its catalog, and the statement that removes each.

A unique constraint that foreign keys refer to is none: it repeats the primary key with more columns, and PostgreSQL
keeps it as long as the foreign keys exist.
"""

from dataclasses import dataclass

import asyncpg

TESTS = "tests/database/test_constraints.py"

RESETTING = ("users_email_is_verified_anew", "users_phone_is_verified_anew")
IGNORING = ("wallet_usage_hour_was_deleted",)

GUARDS = """
select conrelid::regclass::text as table, conname::text as name,
       format('alter table %s drop constraint %I cascade', conrelid::regclass, conname) as statement
from pg_constraint c where connamespace = 'public'::regnamespace and contype in ('c', 'f', 'p', 'u', 'x')
  and not (contype = 'u' and exists (select from pg_constraint f where f.contype = 'f' and f.conindid = c.conindid))
union all
select tgrelid::regclass::text, tgname::text, format('alter table %s disable trigger %I', tgrelid::regclass, tgname)
from pg_trigger where not tgisinternal
union all
select indrelid::regclass::text, relname::text, format('drop index %I', relname)
from pg_index join pg_class on oid = indexrelid
where relnamespace = 'public'::regnamespace and indisunique
  and not exists (select from pg_constraint where conindid = indexrelid)
order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Guard:
    """A constraint, trigger or unique index, and the statement that removes it."""

    table: str
    name: str
    statement: str

    @property
    def id(self) -> str:
        return f"{self.table} {self.name}"

    @property
    def statements(self) -> tuple[str, ...]:
        return (self.statement,)

    @property
    def tests(self) -> tuple[str, ...]:
        what = "refuses_the_statement"
        if self.name in RESETTING:
            what = "clears_the_verification"
        elif self.name in IGNORING:
            what = "ignores_the_row"
        return (f"{TESTS}::test_the_database_{what}[{self.name}]",)


async def guards(dsn: str) -> list[Guard]:
    """Returns every guard of the database."""
    connection = await asyncpg.connect(dsn)
    try:
        return [Guard(*row) for row in await connection.fetch(GUARDS)]
    finally:
        await connection.close()
