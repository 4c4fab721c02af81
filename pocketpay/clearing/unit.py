"""One unit of work: lock, look, decide, write, whatever the batch.

    begin      1 round trip
    lock       1    the accounts of the whole batch in id order, FOR NO KEY UPDATE: two directions never deadlock.
                    Instructions that need an account ahead of the clock are left out from here on (decision 27)
    look       1    the clock, keys, standings, transactions, risk facts; read after the lock, or two rapid transfers
                    would both pass            (+1 where a held payment is overdue: it expires first;
                                                +1 where whole hours do not show that a limit leaves room;
                                                +1 for each further kind: cards, how often somebody
                                                was asked, or paid whom money may go back from; requests have 2)
    decide     0    one after another in order of arrival, in memory
    write      1    accounts, entries, transactions, keys, the notification
                    (+1 for each further kind)
    commit     1

READ COMMITTED: each statement sees what was committed before it, so what is read after the lock is what the lock
protects. Under a snapshot taken before the lock this would be wrong.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.clock_alarm import AHEAD
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.look import look
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.clearing.progress import Progress, RuleFailed
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.write import write
from pocketpay.database.commits import commit
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Connection, Session
from pocketpay.errors import Refusal
from pocketpay.ledger.account import Account
from pocketpay.ledger.house import House
from pocketpay.ledger.repository import postings as ledger


async def carry_out(
    connection: Connection,
    instructions: Sequence[Instruction],
    terms: Terms,
    house: House,
    progress: Progress,
    *,
    writing: Callable[[], None] = lambda: None,
) -> list[Result | None]:
    """Carries the instructions out, in order, in one unit of work, and says what became of each. None is what became
    of one that needs an account ahead of the clock: nothing was done for it, and `progress` names the accounts.

    `writing` is called when the longest statement is about to be sent: a good moment for other work. Raises
    RuleFailed and whatever the database raises; then nothing happened, unless `progress` says it was committing.
    """
    session = Session(connection)
    await session.execute("begin")
    footprints = [instruction.footprint for instruction in instructions]
    going: Sequence[Footprint | None] = footprints
    accounts = await ledger.lock(session, _accounts(footprints))
    progress.locked = True
    if ahead := [account for account in accounts if account.ahead]:
        progress.ahead = ahead
        going = _without(ahead, footprints)
        accounts = [account for account in accounts if not account.ahead]
    asked = [footprint for footprint in going if footprint is not None]
    if not asked:
        await session.execute("rollback")
        return [None] * len(instructions)
    await _know_currencies(session, house, accounts)
    book = await look(session, _with_parts(asked), accounts, terms, house)
    results = [
        None if footprint is None else _decide(book, instruction, footprint)
        for instruction, footprint in zip(instructions, going, strict=True)
    ]
    if book.inserted or book.updated or book.side_effects is not None:
        writing()
        await write(session, book)
    progress.results = results
    await commit(connection)
    return results


async def preview(session: Session, instruction: Instruction, terms: Terms, house: House) -> Result:
    """What the instruction would come to now; nothing is locked and nothing written. Raises ServiceBusy when it needs
    an account ahead of the clock."""
    footprints = [instruction.footprint]
    accounts = await ledger.accounts(session, _accounts(footprints))
    if any(account.ahead for account in accounts):
        raise ServiceBusy(AHEAD)
    await _know_currencies(session, house, accounts)
    book = await look(session, footprints, accounts, terms, house)
    return _decide(book, instruction, footprints[0])


def _without(ahead: Sequence[Account], footprints: Sequence[Footprint]) -> list[Footprint | None]:
    """The footprints, with None in the place of each that needs one of those accounts."""
    ids = {account.id for account in ahead}
    return [footprint if footprint.accounts.isdisjoint(ids) else None for footprint in footprints]


async def _know_currencies(session: Session, house: House, accounts: Sequence[Account]) -> None:
    """Finds the house accounts of a currency that another server serves: it made them before any wallet had it."""
    if not house.knows({account.currency for account in accounts}):
        house.learn(await ledger.house(session))


def _with_parts(footprints: Sequence[Footprint]) -> Sequence[Footprint]:
    """Those of the items of orders of many among them."""
    if all(footprint.lookups is None or footprint.lookups.parts is None for footprint in footprints):
        return footprints
    asked: list[Footprint] = []
    for footprint in footprints:
        asked.append(footprint)
        if footprint.lookups is not None and footprint.lookups.parts is not None:
            asked += footprint.lookups.parts
    return asked


def _accounts(footprints: Sequence[Footprint]) -> set[UUID]:
    return set().union(*(footprint.accounts for footprint in footprints))


def _decide(book: Book, instruction: Instruction, footprint: Footprint) -> Result:
    try:
        outcome = instruction.decide(book)
        if outcome.changed:
            book.apply(outcome)
        return Answer(outcome, book.balance(footprint.wallet_id))
    except Refusal as refusal:
        return refusal
    except Exception as error:
        raise RuleFailed(error) from error
