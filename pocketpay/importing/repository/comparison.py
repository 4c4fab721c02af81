"""Compares people with each other and with existing users: finds values that occur twice or are taken.

It works on the temporary tables that `staging.py` creates and the dry run fills.
"""

from pocketpay.database.sessions import Connection

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
