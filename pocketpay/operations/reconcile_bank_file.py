"""How the file of a bank is reconciled with Pocket Pay's bank account.

    checks   no file with the same content was imported; the house has a bank account in the currency
    then     the file, its lines, the differences, and the record of the act, in one unit of work

Each line is matched, by reference and amount, with the entry of its transaction in Pocket Pay's bank account
(reconciliation/match.py). An entry on the days of the file without a line in any file is a difference too. Open
differences that the file or the books now explain are closed by the same act. No money moves. Importing the same file
again changes nothing.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from pocketpay.database import uuids
from pocketpay.database.sessions import Database, Session
from pocketpay.identity.until_known import until_known
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.operator_log.repository import acts
from pocketpay.reconciliation import reading
from pocketpay.reconciliation.bank_file import BankFile
from pocketpay.reconciliation.errors import BankFileUnreadable
from pocketpay.reconciliation.match import DifferenceKind, match
from pocketpay.reconciliation.repository import differences, files
from pocketpay.reconciliation.values import PublicId

MAX_DIFFERENCES = 10_000
"""With more differences than this the import is refused: the file is probably of another account or of other days."""

MAX_NAME = 100
"""Maximum number of stored characters of a file's name. A longer name loses its beginning."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A reconciled file. `earlier` is the time of an earlier import of the same file; then this import changed
    nothing.

    `matched` is the number of lines that agree with the books, `opened` has the number of new differences by kind,
    and `closed` is the number of earlier differences that are now explained.
    """

    file: BankFile
    earlier: datetime | None = None
    matched: int = 0
    opened: dict[DifferenceKind, int] = field(default_factory=dict)
    closed: int = 0


async def reconcile_bank_file(
    database: Database,
    operator: Operator,
    data: bytes,
    *,
    name: str,
    public_id: PublicId,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Reconciled:
    """Imports a file and returns the result of the comparison. Given days replace the days that the file names.

    Raises BankFileUnreadable, and then nothing is imported. Raises ServiceBusy.
    """
    file = reading.read(data, public_id, first_day=first_day, last_day=last_day)
    digest, file_id, act_id = hashlib.sha256(data).digest(), uuids.uuid7(), uuids.uuid7()
    name = name[-MAX_NAME:]
    act = Act(act_id, operator, Action.RECONCILE, f"File {name}", facts={"file": name, "lines": len(file.lines)})

    async def unit() -> Reconciled:
        async with database.write() as session:
            now = await files.lock(session)
            before = await files.by_digest(session, digest)
            if before is not None and before.id != file_id:
                return Reconciled(file, before.imported_at)
            if before is None:  # otherwise this import stored the file, and the reply of its commit was lost
                if not await files.has_bank_account(session, file.currency):
                    raise BankFileUnreadable(
                        f"There is no wallet in {file.currency}, so the books have no bank account."
                    )
                await acts.record(session, (act,), now)
                await files.add(session, file_id, file, digest=digest, name=name, act_id=act_id, now=now)
                await _compare(session, file, file_id, act_id, now)
            opened, closed = await differences.of_file(session, file_id, act_id)
            by_line = sum(count for kind, count in opened.items() if kind is not DifferenceKind.NOT_IN_FILE)
            return Reconciled(file, None, len(file.lines) - by_line, opened, closed)

    return await until_known(unit)


async def _compare(session: Session, file: BankFile, file_id: UUID, act_id: UUID, now: datetime) -> None:
    """Writes the differences between the file and the books, and closes those that are explained now."""
    currency, named = file.currency, {line.transaction_id for line in file.lines if line.transaction_id is not None}
    booked = await files.booked(session, currency, named)
    result = match(file.lines, booked, await files.earlier(session, currency, named, file_id))
    missing = await files.not_in_file(session, currency, file_id, MAX_DIFFERENCES + 1)
    found = [*result.differences, *missing]
    if len(found) > MAX_DIFFERENCES:
        raise BankFileUnreadable(
            f"There are more than {MAX_DIFFERENCES:,} differences. Is it a file of Pocket Pay's bank account in "
            f"{currency}, with the movements of whole days?"
        )
    await differences.close_explained(session, currency, result.first, now, act_id)
    await differences.add(session, file_id, currency, now, found)
