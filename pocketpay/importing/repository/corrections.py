"""Corrects people before their import: gives them the suggested usernames, and removes password hashes of rare kinds.

It works on the temporary tables that `staging.py` creates, after `comparison.py` has added its findings.
"""

from pocketpay.database.sessions import Connection
from pocketpay.identity.argon2_hashes import MAX_KINDS
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.identity.repository.people import ARGON2_KIND, OTHER_ARGON2
from pocketpay.importing.repository.comparison import IS_RETIRED

MAX_SUGGESTIONS = 3
"""How many usernames are suggested for one person."""

_TAKE_SUGGESTED = f"""
with suggested as (
    select n, suggestions[$1] as name from findings
    where severity = 'wrong' and field = 'username' and n is not null and suggestions[$1] is not null),
free as materialized (
    select distinct on (name) n, name from suggested a
    where not exists (select from users u where u.username = a.name)
      and not exists (select from candidates c where c.username = a.name)
      and not exists (select from findings f where f.becomes = a.name) and not {IS_RETIRED.format("a.name")}
    order by name, n)
update findings f set severity = 'note', becomes = free.name
from free where f.n = free.n and f.field = 'username' and f.severity = 'wrong'
"""
_RENAME = """
with renaming as materialized (select n, min(becomes) as name from findings where becomes is not null group by n),
renamed as (update candidates c set username = b.name from renaming b where b.n = c.n)
update importable s set username = b.name, name = coalesce(s.name, b.name) from renaming b where b.n = s.n
"""
"""A person without a display name gets the new username as the display name."""

_KINDS_HERE = f"select distinct {ARGON2_KIND} as kind from users where {OTHER_ARGON2}"
_KINDS_TO_COME = f"""
select {ARGON2_KIND} as kind from importable where password_hash like '$argon2%' group by 1 order by count(*) desc, 1
"""
_REMOVE_KINDS = f"""
with found as materialized (
    select s.n, {ARGON2_KIND} as kind, case when s.email_verified_at is not null then $2
            when s.email is not null then $3 else $4 end as ending
    from importable s where password_hash like '$argon2%' and {ARGON2_KIND} = any($1::text[])),
noted as (
    insert into findings (part, line, severity, field, problem, n)
    select c.part, c.line, 'note', 'encrypted_password',
        'is an argon2 hash of one kind too many (' || kind || '): ' || ending, c.n
    from found join candidates c using (n))
update importable s set password_hash = $5 from found f where f.n = s.n
"""


async def take_suggested(connection: Connection) -> None:
    """Replaces each invalid username with a suggested one that is free."""
    for place in range(1, MAX_SUGGESTIONS + 1):
        await connection.execute(_TAKE_SUGGESTED, place)
    await connection.execute(_RENAME)


async def remove_extra_kinds(connection: Connection, *, our_kind: str, endings: tuple[str, str, str]) -> None:
    """Removes argon2 hashes, so that at most MAX_KINDS kinds exist together with those of existing users.

    The most frequent kinds are kept. `endings` end the note about a removed hash, for a person with a verified
    address, with an unverified one, and with none.
    """
    here = {row["kind"] for row in await connection.fetch(_KINDS_HERE)} - {our_kind}
    to_come = [row["kind"] for row in await connection.fetch(_KINDS_TO_COME)]
    others = [kind for kind in to_come if kind not in here | {our_kind}]
    removed = others[max(0, MAX_KINDS - len(here)) :]
    if removed:
        await connection.execute(_REMOVE_KINDS, removed, *endings, NO_PASSWORD)
