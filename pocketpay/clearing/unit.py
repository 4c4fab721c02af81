"""One unit of work: lock, look up, decide, write, commit. The number of round trips does not grow with its size.

    begin, lock  1 round trip
                      all accounts in id order, FOR NO KEY UPDATE, so that opposite transfers do not deadlock
    look up      1    the accounts, the clock, keys, standings, transactions, risk facts; after the lock, because
                      otherwise two rapid transfers would both pass. From here on, instructions that need an account
                      ahead of the clock are left out (decision 27)
                      +1 if a held payment is overdue: it expires first
                      +1 if the sums of whole hours do not prove that a limit leaves enough room
                      +1 for each further kind: cards, counts of requests to a payer, counts of payments between the
                      two wallets of a refund; +2 for money requests
    decide       0    each instruction in order of arrival, in memory
    write        1    accounts, entries, transactions, keys, the notification
                      +1 for each further kind
    commit       1

The isolation level is READ COMMITTED: each statement sees everything committed before it, so a read after the lock
sees the state that the lock protects. With a snapshot taken before the lock, the reads would be stale. So the
statement that locks reads no fact, and every fact is read by a statement that is sent after the locks were granted.

Decision 58 says why the unit begins and locks in one round trip, and what else was not chosen.
Decision 47 says why a transfer is not done in two calls: reads without locks, and a write that proves that nothing
has changed since.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.clock_alarm import AHEAD
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.look_up import look_up
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.clearing.progress import Progress, RuleFailed
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.write import write
from pocketpay.database.commits import commit
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Connection, Session
from pocketpay.errors import Refusal
from pocketpay.ledger.account import Account
from pocketpay.ledger.house import HouseAccounts
from pocketpay.ledger.repository import postings as ledger


async def carry_out(
    connection: Connection,
    instructions: Sequence[Instruction],
    terms: Terms,
    house: HouseAccounts,
    progress: Progress,
    *,
    writing: Callable[[], None] = lambda: None,
) -> list[Result | None]:
    """Executes the instructions in order, in one unit of work, and returns the result of each. The connection must
    have executed PREPARE_LOCK.

    The result is None for an instruction that needs an account ahead of the clock: nothing is done for it, and
    `progress.ahead` has the accounts. `writing` is called just before the longest statement is sent, so that the
    caller can do other work meanwhile.

    Raises RuleFailed, and any error of the database. Then nothing is written, unless `progress.results` shows that
    the commit had started.
    """
    session = Session(connection)
    footprints = [instruction.footprint for instruction in instructions]
    included: Sequence[Footprint | None] = footprints
    ids = _accounts(footprints)
    await ledger.begin_and_lock(session, ids)
    progress.locked = True
    book, ahead = await look_up(session, _with_items(footprints), ids, terms, house)
    if ahead:
        progress.ahead = ahead
        included = _without(ahead, footprints)
        if all(footprint is None for footprint in included):
            await session.execute("rollback")
            return [None] * len(instructions)
    results = [
        None if footprint is None else _decide(book, instruction, footprint)
        for instruction, footprint in zip(instructions, included, strict=True)
    ]
    if book.inserted or book.updated or book.side_effects is not None:
        writing()
        await write(session, book)
    progress.results = results
    await commit(connection)
    return results


async def preview(session: Session, instruction: Instruction, terms: Terms, house: HouseAccounts) -> Result:
    """Returns the result that the instruction would have now. Locks nothing and writes nothing.

    Raises ServiceBusy when it needs an account ahead of the clock.
    """
    footprint = instruction.footprint
    book, ahead = await look_up(session, [footprint], footprint.accounts, terms, house)
    if ahead:
        raise ServiceBusy(AHEAD)
    return _decide(book, instruction, footprint)


def _without(ahead: Sequence[Account], footprints: Sequence[Footprint]) -> list[Footprint | None]:
    """Returns the footprints, with None in place of each one that needs one of the accounts."""
    ids = {account.id for account in ahead}
    return [footprint if footprint.accounts.isdisjoint(ids) else None for footprint in footprints]


def _with_items(footprints: Sequence[Footprint]) -> Sequence[Footprint]:
    """Returns the footprints; each batch is followed by the footprints of its items."""
    if all(footprint.lookups is None or footprint.lookups.items is None for footprint in footprints):
        return footprints
    flat: list[Footprint] = []
    for footprint in footprints:
        flat.append(footprint)
        if footprint.lookups is not None and footprint.lookups.items is not None:
            flat += footprint.lookups.items
    return flat


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
