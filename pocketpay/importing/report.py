"""The report of the import, as text: the findings, the summary and the result of a run."""

from collections.abc import AsyncIterator, Mapping, Sequence

from pocketpay import money
from pocketpay.database.sessions import Connection
from pocketpay.importing.finding import Severity, shown
from pocketpay.importing.repository import verdicts
from pocketpay.importing.repository.verdicts import Counts, Ready, Sum
from pocketpay.importing.welcome import Welcomed
from pocketpay.importing.write_people import ImportResult


async def findings(connection: Connection, names: Sequence[str]) -> AsyncIterator[str]:
    """Yields a line for each finding, such as `people.csv:3: username "Admin": is reserved (free: admin_3f2a)`."""
    async for row in verdicts.findings(connection):
        what = " ".join(filter(None, (row["field"], row["shown"])))
        mark = "" if row["severity"] == Severity.WRONG else "note: "
        free = f" (free: {row['suggestion']})" if row["suggestion"] else ""
        if row["becomes"]:
            free = f" (becomes {row['becomes']})"
        where = f"{names[row['part']]}:{row['line']}"
        yield f"{where}: {mark}{what + ': ' if what else ''}{row['problem']}{free}"


def summary(counts: Counts, sums: Sequence[Sum], owed: int) -> list[str]:
    """Returns the counts of people, errors and notes, and the sums of opening balances in each currency."""
    ready = sum(one.people for one in sums)
    lines = [
        f"{_people(counts.read)} read: {ready:,} can be imported, {_many(counts.here, 'is', 'are')} already "
        f"imported, {_many(counts.wrong, 'line has an error', 'lines have errors')}, "
        f"{_many(counts.notes, 'note', 'notes')}."
    ]
    lines += [
        f"  {one.currency}: {_people(one.people)}, {_many(one.openings, 'opening balance', 'opening balances')}, "
        f"{_amount(one.total, one.currency)} in total"
        for one in sums
    ]
    if counts.unverified:
        unverified = _many(counts.unverified, "email address is", "email addresses are")
        lines.append(f"  {unverified} not confirmed: stored as not verified")
    if owed:
        lines.append(f"Not posted yet by an earlier run: {_many(owed, 'opening balance', 'opening balances')}.")
    return lines


def import_result(done: ImportResult) -> list[str]:
    """Returns the result of a run, and the people that it had to leave out."""
    paid = _paid(done.paid)
    lines = [_late(ready) for ready in done.left_out]
    lines.append(
        f"{_people(done.people)} imported; {_many(done.openings, 'opening balance', 'opening balances')} posted"
        f"{': ' + paid if paid else ''}."
    )
    return lines


def welcomed(done: Welcomed) -> str:
    """Returns how many welcome mails were put into the outbox, and when the last one is due."""
    if done.last_due_at is None:
        return "0 welcome mails are put into the outbox."
    many = _many(done.mails, "welcome mail is", "welcome mails are")
    return f"{many} put into the outbox; the last one is due at {done.last_due_at:%Y-%m-%d %H:%M} UTC."


def to_welcome(people: int) -> str:
    """Returns how many welcome mails a real run would put into the outbox."""
    return f"{_many(people, 'welcome mail', 'welcome mails')} would be put into the outbox."


def _late(ready: Ready) -> str:
    return f"{shown(ready.username)} was left out: name, email or phone was taken during the import. Run it again."


def _paid(paid: Mapping[str, int]) -> str:
    return ", ".join(_amount(minor, code) for code, minor in sorted(paid.items()))


def _amount(minor: int, code: str) -> str:
    return f"{money.format_minor(minor, money.currency(code).exponent)} {code}"


def _people(count: int) -> str:
    return _many(count, "person", "people")


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
