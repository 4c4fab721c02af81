"""Connections that break or go silent: each order is executed once, and its sender gets the first answer, or an error
in time which says that the outcome is unknown."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from pocketpay.clearing import lane as lanes
from pocketpay.clearing import waiting as rules
from pocketpay.clearing.outcome import Answer
from pocketpay.database import commits, connecting, sessions
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import connect
from pocketpay.errors import Refusal
from pocketpay.operations.reverse_transaction import reverse_transaction
from pocketpay.payments.cancel import cancel
from pocketpay.payments.close_card import close_card
from pocketpay.payments.confirm import confirm
from pocketpay.payments.deposit import AcceptDeposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.freeze_card import freeze_card
from pocketpay.payments.settle import Settle
from pocketpay.transactions.errors import WrongState
from pocketpay.transactions.lifecycle import Status
from pocketpay.wallets.balance import WalletStatus
from tests.conftest import Dsns
from tests.faults import Line, faulty_line
from tests.operations.operators import OPS, acts_about, freeze
from tests.patience import PATIENCE_SECONDS
from tests.payments.cards import buy, issue, new_card, stored_card
from tests.payments.customers import (
    Person,
    Records,
    item,
    money,
    new_key,
    open_desk,
    pay_in,
    people,
    person,
    records_of,
    refund_payment,
    send,
    send_many,
    terms,
    without_risk_rules,
)


@pytest.fixture
async def records(warm: None, module_dsn: Dsns) -> AsyncIterator[Records]:
    async with records_of(module_dsn.server, module_dsn.owner) as records:
        yield records
        await records.reopen_wallets()
        assert await records.findings() == []


@pytest.fixture
async def line_and_dsn(module_dsn: Dsns, records: Records) -> AsyncIterator[tuple[Line, str]]:
    folder = Path(tempfile.mkdtemp(prefix="line-"))  # the path of a socket must be short
    try:
        async with faulty_line(module_dsn.server, folder) as both:
            yield both
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def line(line_and_dsn: tuple[Line, str]) -> Line:
    return line_and_dsn[0]


@pytest.fixture
async def desk(line_and_dsn: tuple[Line, str]) -> AsyncIterator[Desk]:
    """A desk that is connected through the faulty line."""
    async with open_desk(line_and_dsn[1], without_risk_rules()) as desk:
        yield desk


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every timeout is a tenth of its value in production."""
    monkeypatch.setattr(rules, "WAIT_SECONDS", rules.WAIT_SECONDS / 10)
    monkeypatch.setattr(rules, "IN_DOUBT_SECONDS", rules.IN_DOUBT_SECONDS / 10)
    monkeypatch.setattr(lanes, "ROLL_BACK_SECONDS", lanes.ROLL_BACK_SECONDS / 10)
    monkeypatch.setattr(connecting, "CONNECT_SECONDS", connecting.CONNECT_SECONDS / 10)
    monkeypatch.setattr(commits, "COMMIT_SECONDS", commits.COMMIT_SECONDS / 10)
    usual = sessions.connect.__kwdefaults__
    assert usual is not None
    monkeypatch.setitem(usual, "command_seconds", connecting.COMMAND_SECONDS / 10)


WAYS = ("lose_replies", "lose_commits")


def break_next(line: Line, way: str, times: int = 1) -> None:
    line.lost = 0
    setattr(line, way, times)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_transfer_whose_commit_is_cut_off_pays_once_and_is_no_replay(
    desk: Desk, line: Line, records: Records, way: str, times: int
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    key = new_key()
    break_next(line, way, times)
    answer = await send(desk, ada, bob, "1.00", key=key)
    assert line.lost == times
    assert (answer.transaction.status, answer.replayed, answer.refusal) == (Status.COMPLETED, False, None)
    assert answer.balance.posted.minor == 900
    assert (await money(desk, ada), await money(desk, bob)) == ((900, 0), (1_100, 0))
    assert (await send(desk, ada, bob, "1.00", key=key)).replayed


@pytest.mark.parametrize("way", WAYS)
async def test_a_refused_transfer_whose_commit_is_cut_off_is_no_replay(
    desk: Desk, line: Line, records: Records, way: str
) -> None:
    ada, bob = await people(desk, 2)
    break_next(line, way)
    answer = await send(desk, ada, bob, "1.00")
    assert (answer.transaction.status, answer.replayed, line.lost) == (Status.FAILED, False, 1)
    assert answer.refusal is not None
    assert answer.refusal.code == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_card_whose_commit_is_cut_off_is_issued_once_and_its_number_is_shown(
    desk: Desk, line: Line, records: Records, way: str, times: int
) -> None:
    ada, key = await person(desk, funds="10.00"), new_key()
    break_next(line, way, times)
    issued = await issue(desk, ada, key=key)
    assert line.lost == times
    assert issued.secrets is not None
    assert (issued.replayed, issued.secrets.last4) == (False, issued.card.last4)
    assert await records.count("select count(*) from cards where wallet_id = $1", ada.wallet_id) == 1
    assert (await issue(desk, ada, key=key)).secrets is None


@pytest.mark.parametrize("way", WAYS)
async def test_card_payment_freeze_and_close_are_done_once_when_the_commit_is_cut_off(
    desk: Desk, line: Line, records: Records, way: str
) -> None:
    ada = await person(desk, funds="10.00")
    card_id = await new_card(desk, ada, monthly="2.00")
    break_next(line, way)
    paid = await buy(desk, ada, card_id, "2.00")
    assert (paid.transaction.status, paid.replayed, line.lost) == (Status.COMPLETED, False, 1)
    assert await money(desk, ada) == (800, 0)
    assert await stored_card(records, card_id) == ("active", 200, 2)
    for verb, status in ((freeze_card, "frozen"), (close_card, "closed")):
        break_next(line, way)
        assert (await verb(desk, ada.wallet_id, card_id)).status == status
        assert line.lost == 1
    assert await stored_card(records, card_id) == ("closed", 200, 4)


@pytest.mark.parametrize("way", WAYS)
async def test_a_confirmation_whose_commit_is_cut_off_is_done_once_and_is_no_replay(
    desk: Desk, line: Line, records: Records, way: str
) -> None:
    desk.clearing.terms = terms()
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    break_next(line, way)
    held = await send(desk, ada, bob, "1.00")
    assert (held.transaction.status, held.replayed, line.lost) == (Status.PENDING_CONFIRMATION, False, 1)
    break_next(line, way)
    answer = await confirm(desk, ada.wallet_id, held.transaction.id)
    assert (answer.transaction.status, answer.replayed, line.lost) == (Status.COMPLETED, False, 1)
    assert (await money(desk, ada), await money(desk, bob)) == ((900, 0), (100, 0))


@pytest.mark.parametrize(("way", "times"), [("lose_commits", 1), ("lose_replies", 1), ("lose_replies", 2)])
@pytest.mark.parametrize("how", ["sender frozen", "recipient gone", "rule"])
async def test_a_refused_confirmation_whose_commit_is_cut_off_is_no_replay(
    desk: Desk, line: Line, records: Records, way: str, times: int, how: str
) -> None:
    desk.clearing.terms = terms()
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    held = (await send(desk, ada, bob, "1.00")).transaction
    if how == "sender frozen":
        await records.freeze(ada, "debits")
    elif how == "recipient gone":
        await records.close_wallet(bob)
    else:
        desk.clearing.terms = terms(new_recipient_action="block")
    break_next(line, way, times)
    answer = await confirm(desk, ada.wallet_id, held.id)
    assert line.lost == times
    assert answer.transaction.status in (Status.BLOCKED, Status.FAILED)
    assert answer.refusal is not None
    assert answer.refusal.code == answer.transaction.failure_code
    assert not answer.replayed
    assert answer.balance.held.minor == 0
    assert await money(desk, ada) == (1_000, 0)
    with pytest.raises(WrongState):
        await confirm(desk, ada.wallet_id, held.id)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("times", [1, 2])
async def test_a_cancellation_whose_commit_is_cut_off_is_done_once_and_is_no_replay(
    desk: Desk, line: Line, records: Records, way: str, times: int
) -> None:
    desk.clearing.terms = terms()
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    held = (await send(desk, ada, bob, "1.00")).transaction
    break_next(line, way, times)
    answer = await cancel(desk, ada.wallet_id, held.id)
    assert (answer.transaction.status, answer.replayed, line.lost) == (Status.CANCELLED, False, times)
    assert await money(desk, ada) == (1_000, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", ["accepting", "settling"])
async def test_a_deposit_whose_commit_is_cut_off_arrives_once_and_is_no_replay(
    desk: Desk, line: Line, records: Records, way: str, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await person(desk)
    where = AcceptDeposit if at == "accepting" else Settle
    decide = where.decide

    def breaking(self: object, book: object) -> object:
        if not line.lost:
            setattr(line, way, 1)
        return decide(self, book)  # type: ignore[arg-type]

    line.lost = 0
    monkeypatch.setattr(where, "decide", breaking)
    answer = await pay_in(desk, ada, "1.00")
    assert line.lost == 1
    assert (answer.transaction.status, answer.replayed, answer.refusal) == (Status.COMPLETED, False, None)
    assert await money(desk, ada) == (100, 0)


@pytest.mark.parametrize("way", WAYS)
async def test_a_unit_whose_commit_is_cut_off_is_done_once_and_repeated_keys_are_replays(
    desk: Desk, line: Line, records: Records, way: str
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await asyncio.gather(desk.resolver.wallet_of(bob.username), desk.resolver.currency(ada.wallet_id))
    keys = [new_key() for _ in range(10)] * 2
    await desk.resolver.wallet_of(bob.username)  # otherwise they are queued in the order in which they find him
    break_next(line, way)
    answers = await asyncio.gather(*(send(desk, ada, bob, "0.50", key=key) for key in keys))
    assert line.lost == 1
    assert [answer.replayed for answer in answers] == [False] * 10 + [True] * 10
    assert [answer.transaction.status for answer in answers] == [Status.COMPLETED] * 20
    assert (await money(desk, ada), await money(desk, bob)) == ((500, 0), (1_500, 0))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("atomic", [False, True])
async def test_a_batch_whose_commit_is_cut_off_is_executed_once_and_is_no_replay(
    desk: Desk, line: Line, records: Records, way: str, atomic: bool
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    items = [item(bob, "1.00"), item(bob, "2.00")] + ([] if atomic else [item("nobody_at_all", "1.00")])
    key = new_key()
    await asyncio.gather(desk.resolver.wallet_of(bob.username), desk.resolver.currency(ada.wallet_id))
    break_next(line, way)
    answer = await send_many(desk, ada, items, atomic=atomic, key=key)
    assert (line.lost, answer.replayed, answer.balance.posted.minor) == (1, False, 700)
    done = [one for one in answer.item_results if isinstance(one, Answer)]
    assert [(one.transaction.status, one.replayed) for one in done] == [(Status.COMPLETED, False)] * 2
    assert (
        [one.code for one in answer.item_results if isinstance(one, Refusal)] == []
        if atomic
        else ["RECIPIENT_NOT_FOUND"]
    )
    again = await send_many(desk, ada, items, atomic=atomic, key=key)
    assert again.replayed
    assert await money(desk, bob) == (1_300, 0)


@pytest.mark.parametrize("way", WAYS)
async def test_a_refund_whose_commit_is_cut_off_is_paid_once_and_is_no_replay(
    desk: Desk, line: Line, records: Records, way: str
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    paid = (await send(desk, ada, bob, "1.00")).transaction
    await desk.resolver.parties(paid.id)
    break_next(line, way)
    answer = await refund_payment(desk, bob, paid.id)
    assert (answer.transaction.status, answer.replayed, line.lost) == (Status.COMPLETED, False, 1)
    assert await money(desk, ada) == (1_000, 0)


async def test_an_unknown_outcome_stays_unknown_when_the_disk_is_full_afterwards(
    desk: Desk, line: Line, records: Records
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await records.connection.execute(
        "create function disk_full() returns trigger language plpgsql as "
        "$$ begin raise exception 'full' using errcode = '53100'; end $$; "
        "create sequence tries"
    )

    async def fill() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not line.lost:  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0)
        await records.connection.execute(
            "create trigger disk_full before insert on transactions for each statement execute function disk_full()"
        )

    break_next(line, "lose_commits")
    told, _ = await asyncio.gather(send(desk, ada, bob, "1.00"), fill(), return_exceptions=True)
    await records.connection.execute("drop trigger disk_full on transactions")
    assert isinstance(told, ServiceBusy)
    assert told.may_have_happened


async def test_an_unknown_outcome_stays_unknown_when_the_wallet_is_locked_afterwards(
    desk: Desk, line: Line, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "IN_DOUBT_SECONDS", 1.0)
    ada, bob = await people(desk, 2, funds="10.00")
    other = await connect(records.server_dsn)
    await other.execute("begin")
    wait_and_lock = f"select from ledger_accounts where id = '{ada.wallet_id}' for no key update"

    async def hold() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not line.lost:  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0)
        await other.execute(wait_and_lock)

    break_next(line, "lose_replies")
    told, _ = await asyncio.gather(send(desk, ada, bob, "1.00"), hold(), return_exceptions=True)
    await other.close()
    assert isinstance(told, ServiceBusy)
    assert told.may_have_happened
    assert await money(desk, ada) == (900, 0)


# ---------------------------------------------------------------- silence


async def timed(order: "asyncio.Task[Answer]") -> tuple[Answer | BaseException, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    told = (await asyncio.gather(order, return_exceptions=True))[0]
    return told, loop.time() - began


def ordered(desk: Desk, sender: Person, to: Person) -> "asyncio.Task[Answer]":
    return asyncio.create_task(send(desk, sender, to, "1.00"))


@pytest.mark.usefixtures("hurried")
async def test_orders_on_a_silent_connection_are_answered_as_busy_in_time(
    line_and_dsn: tuple[Line, str], records: Records
) -> None:
    line, dsn = line_and_dsn
    async with open_desk(dsn, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        await send(desk, ada, bob, "1.00")
        line.silent.set()
        first = ordered(desk, ada, bob)
        await asyncio.sleep(0.01)
        waiting = [ordered(desk, ada, bob) for _ in range(3)]
        outcomes = await asyncio.gather(*(timed(order) for order in (first, *waiting)))
        for told, _ in outcomes:
            assert isinstance(told, ServiceBusy)
        assert all(seconds < 0.9 for _, seconds in outcomes[1:]), outcomes
        assert outcomes[0][1] < 1.3
        assert not any(told.may_have_happened for told, _ in outcomes[1:] if isinstance(told, ServiceBusy))
        line.silent.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await timed(ordered(desk, bob, ada)))[0].__class__ is not Answer:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        async with straight_desk(records) as straight:
            assert await money(straight, ada) == (1_000, 0)


@pytest.mark.usefixtures("hurried")
async def test_the_outcome_is_answered_in_time_as_unknown_when_the_database_is_silent_after_the_commit(
    line_and_dsn: tuple[Line, str], records: Records
) -> None:
    line, dsn = line_and_dsn
    async with open_desk(dsn, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        key = new_key()
        line.mute_replies = 1
        told, seconds = await timed(asyncio.create_task(send(desk, ada, bob, "1.00", key=key)))
        assert isinstance(told, ServiceBusy)
        assert told.may_have_happened
        assert seconds < 1.3
    line.silent.clear()
    async with straight_desk(records) as straight:
        again = await send(straight, ada, bob, "1.00", key=key)
        assert (again.transaction.status, again.replayed) == (Status.COMPLETED, True)
        assert await money(straight, ada) == (900, 0)


@pytest.mark.usefixtures("hurried")
async def test_a_silence_that_ends_in_time_causes_no_error(line_and_dsn: tuple[Line, str], records: Records) -> None:
    line, dsn = line_and_dsn
    async with open_desk(dsn, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        line.mute_replies = 1
        order = ordered(desk, ada, bob)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await line.silent.wait()
        line.silent.clear()  # for new connections; the old one stays silent
        answer = await order
        assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)
        assert await money(desk, ada) == (900, 0)


@pytest.mark.usefixtures("hurried")
async def test_an_unreachable_database_is_answered_as_busy_until_it_returns(
    line_and_dsn: tuple[Line, str], records: Records
) -> None:
    line, dsn = line_and_dsn
    async with open_desk(dsn, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        await send(desk, ada, bob, "1.00")  # both usernames are cached now
        there, line.server_socket = line.server_socket, "/nowhere"
        await line.close()
        told, seconds = await timed(ordered(desk, ada, bob))
        assert isinstance(told, ServiceBusy)
        assert not told.may_have_happened
        assert seconds < 0.5
        line.server_socket = there
        assert (await send(desk, ada, bob, "1.00")).transaction.status is Status.COMPLETED
        assert await money(desk, ada) == (800, 0)


def straight_desk(records: Records) -> AbstractAsyncContextManager[Desk]:
    """Opens a desk with a direct connection, without faults."""
    return open_desk(records.server_dsn, without_risk_rules())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_reversal_whose_commit_is_cut_off_is_made_and_recorded_once(
    desk: Desk, line: Line, records: Records, way: str, times: int
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    paid = (await send(desk, ada, bob, "1.00")).transaction
    break_next(line, way, times)
    answer = await reverse_transaction(desk, OPS, paid.id, raw_reason="Account taken over")
    assert line.lost == times
    assert (answer.transaction.refund_of, answer.replayed) == (paid.id, False)
    assert (await money(desk, ada), await money(desk, bob)) == ((1_000, 0), (1_000, 0))
    assert [act[0] for act in await acts_about(records, bob.wallet_id)] == ["reverse"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_freeze_whose_commit_is_cut_off_is_recorded_once(
    desk: Desk, line: Line, records: Records, way: str
) -> None:
    ada = await person(desk)
    break_next(line, way)
    answer = await freeze(desk, ada)
    assert (answer.balance.standing.status, line.lost) == (WalletStatus.FROZEN, 1)
    assert len(await acts_about(records, ada.wallet_id)) == 1
