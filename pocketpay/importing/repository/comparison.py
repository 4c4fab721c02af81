"""Compares people with each other and with existing users: finds values that occur twice or are taken.

It works on the temporary tables that `staging.py` creates and the dry run fills.
"""

from pocketpay.database.sessions import Connection
from pocketpay.identity.argon2_hashes import MAX_KINDS
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.identity.repository.people import ARGON2_KIND, OTHER_ARGON2

MAX_SUGGESTIONS = 3
"""How many usernames are suggested for one person."""

IS_RETIRED = "exists (select from retired_usernames where fingerprint = sha256(convert_to({}, 'UTF8')))"
"""Whether a username belonged to a closed user: no other user may get it."""

_OTHERS = """array[left(username, 25) || '_' || left(id::text, 4),
    'person_' || left(replace(id::text, '-', ''), 12)]"""
"""Suggested usernames for a person whose username is taken. The last one is unlikely to be taken."""

_TWICE = """
insert into findings (part, line, severity, field, problem, n, shown, suggestions)
select part, line, 'wrong', '{field}', 'is the same as in line ' || other, n, {shown}, {suggestions}
from (
    select *, coalesce(lag(line) over same, lead(line) over same) as other
    from candidates c where {key} is not null window same as (partition by {key} order by n)) c
where other is not null
"""

_TAKEN = """
insert into findings (part, line, severity, field, problem, n, shown, suggestions)
select c.part, c.line, 'wrong', '{field}', 'belongs to a user who is here already', n, {shown}, {suggestions}
from candidates c where {key} is not null and exists (select from users u where {theirs})
"""

_RETIRED = f"""
insert into findings (part, line, severity, field, problem, n, shown, suggestions)
select c.part, c.line, 'wrong', 'username', 'belonged to somebody who has closed their wallet', n,
    '"' || username || '"', {_OTHERS}
from candidates c where {IS_RETIRED.format("c.username")}
"""

_KEYS = {"username": "c.username", "email": "case when c.verified then lower(c.email) end", "phone": "c.phone"}
"""The fields that must be unique, and the form in which they are compared. Unverified email addresses need not be."""

_REMOVE_UNCONFIRMED = """
with found as materialized (
    select c.n, c.part, c.line, c.email, (
            select min(o.line) from candidates o where lower(o.email) = lower(c.email) and o.n <> c.n) as other,
        exists (select from users u
            where lower(u.email) = lower(c.email) and u.email_verified_at is not null) as is_here
    from candidates c where c.email is not null and not c.verified),
removed as materialized (select * from found where is_here or other is not null),
noted as (
    insert into findings (part, line, severity, field, problem, n, shown)
    select part, line, 'note', 'email', 'is not confirmed, and ' || case when is_here
        then 'a user who is here has verified it' else 'is the same as in line ' || other end || ': left out', n,
        '"' || email || '"'
    from removed)
update importable s set email = null from removed a where a.n = s.n
"""

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


async def compare(connection: Connection) -> None:
    """Adds findings for values that occur in two lines or belong to existing users.

    Removes an unconfirmed email address from a person when another person has it too.
    """
    await connection.execute("create index on candidates (username)")
    await connection.execute("analyze candidates, importable")
    await connection.execute(_TWICE.format(field="id", key="c.id", shown="null", suggestions="null"))
    for field, key in _KEYS.items():
        suggestions = _OTHERS if field == "username" else "null"
        names = {"field": field, "key": key, "shown": f"""'"' || {field} || '"'""", "suggestions": suggestions}
        await connection.execute(_TWICE.format(**names))
        theirs = f"u.{field} = {key}"
        if field == "email":  # an address is taken only when its user has verified it
            theirs = f"lower(u.email) = {key} and u.email_verified_at is not null"
        if field == "phone":
            theirs = f"u.phone = {key} and u.phone_verified_at is not null"
        await connection.execute(_TAKEN.format(theirs=theirs, **names))
    await connection.execute(_RETIRED)
    await connection.execute("create unique index on importable (n)")
    await connection.execute("create index on candidates (lower(email))")
    await connection.execute(_REMOVE_UNCONFIRMED)
    await connection.execute("create index on findings (n)")
    await connection.execute("analyze findings, importable")


async def take_suggested(connection: Connection) -> None:
    """Replaces each invalid username with a suggested one that is free."""
    for place in range(1, MAX_SUGGESTIONS + 1):
        await connection.execute(_TAKE_SUGGESTED, place)
    await connection.execute(_RENAME)


async def remove_extra_kinds(connection: Connection, *, our_kind: str, endings: tuple[str, str, str]) -> None:
    """Removes argon2 hashes, so that at most MAX_KINDS kinds exist together with those of existing users.

    The most frequent kinds are kept. `endings` are the ends of the note about a removed hash: for a person with a
    verified address, with an unverified address, and without an address.
    """
    here = {row["kind"] for row in await connection.fetch(_KINDS_HERE)} - {our_kind}
    to_come = [row["kind"] for row in await connection.fetch(_KINDS_TO_COME)]
    others = [kind for kind in to_come if kind not in here | {our_kind}]
    removed = others[max(0, MAX_KINDS - len(here)) :]
    if removed:
        await connection.execute(_REMOVE_KINDS, removed, *endings, NO_PASSWORD)
