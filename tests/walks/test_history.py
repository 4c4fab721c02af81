"""The checks of a history and of the journal find what they are for."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest

from tests.conftest import Dsns
from tests.payments.customers import open_desk, people, records_of, send, without_risk_rules
from tests.walks import journal
from tests.walks.history import History, Verdict

WALLET, PAYMENT, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
Stored = dict[tuple[UUID, str], tuple[UUID, ...]]


def history() -> History:
    """A key that was acknowledged, one that was refused, and one without an answer."""
    made = History({WALLET})
    made.tries(WALLET, "acknowledged").acknowledged((PAYMENT,))
    made.tries(WALLET, "refused").was_refused()
    made.tries(WALLET, "unanswered")
    return made


def stored(*keys: str, ids: tuple[UUID, ...] = (PAYMENT,)) -> Stored:
    return {(WALLET, key): ids for key in keys}


def test_a_history_without_loss_is_right() -> None:
    verdict = history().compare(stored("acknowledged"), [PAYMENT])
    assert verdict == Verdict(acknowledged=1, refused=1, unanswered=1)
    assert verdict.is_right


def test_an_unanswered_key_may_be_stored() -> None:
    verdict = history().compare(stored("acknowledged") | stored("unanswered", ids=(OTHER,)), [PAYMENT, OTHER])
    assert (verdict.is_right, verdict.unanswered_but_done) == (True, 1)


@pytest.mark.parametrize(
    ("rows", "transactions", "which"),
    [
        ({}, [], "lost"),
        (stored("acknowledged", ids=(OTHER,)), [OTHER], "lost"),
        (stored("acknowledged") | stored("refused", ids=(OTHER,)), [PAYMENT, OTHER], "wrong"),
        (stored("acknowledged") | stored("nobody's", ids=(OTHER,)), [PAYMENT, OTHER], "wrong"),
        (stored("acknowledged"), [PAYMENT, OTHER], "doubled"),
        (stored("acknowledged", "unanswered"), [PAYMENT], "doubled"),
    ],
)
def test_lost_repeated_and_untried_payments_are_found(rows: Stored, transactions: list[UUID], which: str) -> None:
    verdict = history().compare(rows, transactions)
    assert not verdict.is_right
    assert len(getattr(verdict, which)) == 1


def test_two_different_acknowledgements_of_one_key_are_found() -> None:
    made = history()
    made.tries(WALLET, "acknowledged").acknowledged((OTHER,))
    assert made.compare(stored("acknowledged", ids=(OTHER,)), [OTHER]).doubled


def _change(rows: dict[str, Any], **facts: Any) -> None:
    rows.update(facts)


def _wallet(read: journal.Journal) -> UUID:
    return next(id for id, account in read.accounts.items() if account["kind"] == "wallet")


DAMAGES: dict[str, Callable[[journal.Journal], object]] = {
    "a balance is wrong": lambda read: _change(read.accounts[_wallet(read)], posted=1),
    "a hold is left": lambda read: _change(read.accounts[_wallet(read)], held=1),
    "an entry is missing": lambda read: read.entries.pop(),
    "a payment has no row": lambda read: read.transactions.popitem(),
    "an amount is wrong": lambda read: _change(next(iter(read.transactions.values())), amount=7),
    "a failed payment has entries": lambda read: _change(next(iter(read.transactions.values())), status="failed"),
}


@pytest.fixture
async def read(database_dsn: Dsns) -> journal.Journal:
    """The journal of two customers, with deposits and a payment."""
    async with (
        open_desk(database_dsn.server, without_risk_rules()) as desk,
        records_of(database_dsn.server, database_dsn.owner) as records,
    ):
        ada, bob = await people(desk, 2, funds="10.00")
        await send(desk, ada, bob, "1.00")
        return await journal.read(records.connection)


def test_a_right_journal_replays_and_each_damage_is_found(read: journal.Journal) -> None:
    assert read.problems() == []
    for name, damage in DAMAGES.items():
        damaged = deepcopy(read)
        damage(damaged)
        assert damaged.problems(), name
