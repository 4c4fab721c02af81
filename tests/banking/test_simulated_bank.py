"""The simulated bank in each of its manners: it fails as real banks do, and never changes an answer."""

import asyncio
import contextlib
import itertools
import random
import re
import time
from dataclasses import replace
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.banking.bank import DECLINED, SETTLED, BankOrder, BankUse, Link, LinkStatus, OrderState
from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.money import Money
from pocketpay.payments import settle
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.sweeper import poll_unsettled
from pocketpay.settings import SettingsError, load
from pocketpay.settings import SimulatedBank as Manner
from pocketpay.transactions.lifecycle import Status
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import Records, money, open_desk, pay_in, pay_out, person


def order(*, seconds_ago: float = 0.0) -> BankOrder:
    made = int((time.time() - seconds_ago) * 1000)
    id = UUID(int=(made << 80) | (uuids.uuid7().int & ((1 << 80) - 1)))
    return BankOrder(id, Money(100, "USD"), "First Bank")


@pytest.mark.parametrize(("manner", "reply"), [("instant", SETTLED), ("declining", DECLINED)])
async def test_a_bank_answers_collections_and_payouts_alike(manner: str, reply: OrderState) -> None:
    bank = SimulatedBank(Manner(manner))
    assert await bank.collect(order()) is await bank.payout(order()) is reply


async def test_a_slow_bank_answers_every_caller_after_its_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = SimulatedBank(Manner.SLOW, seconds=30.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bank.payout(order(seconds_ago=29.0)), 0.05)
    assert await asyncio.wait_for(bank.payout(order(seconds_ago=29.97)), 20) is SETTLED
    assert await asyncio.wait_for(SimulatedBank(Manner.SLOW, seconds=30.0).payout(order(seconds_ago=31.0)), 20)


async def test_a_silent_bank_never_answers_a_call_made_before_its_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    bank, early = SimulatedBank(Manner.SILENT, seconds=0.1), order()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bank.payout(early), 0.2)
    assert await asyncio.wait_for(bank.payout(early), PATIENCE_SECONDS) is SETTLED


async def test_a_flaky_bank_drops_connections_but_never_changes_an_answer() -> None:
    chance = random.Random(7)
    replies: set[OrderState] = set()
    for one in (order() for _ in range(60)):
        answers: list[OrderState] = []
        while len(answers) < 3:
            bank = SimulatedBank(Manner.FLAKY, chance=chance.random)
            with contextlib.suppress(ConnectionError):
                answers.append(await bank.payout(one))
        assert len(set(answers)) == 1
        replies |= set(answers)
    assert replies == {SETTLED, DECLINED}


async def test_every_order_at_a_flaky_bank_is_settled_in_the_end(
    module_dsn: Dsns, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "BANK_SECONDS", 0.2)
    flaky = SimulatedBank(Manner.FLAKY, chance=random.Random(3).random)
    async with open_desk(module_dsn.server, bank=flaky) as one, open_desk(module_dsn.server, bank=flaky) as two:
        async with open_desk(module_dsn.server) as sound:
            ada = await person(sound, funds="100.00")
        orders = [
            (await made).transaction
            for number, desk in zip(range(20), itertools.cycle((one, two)))
            for made in (pay_in(desk, ada, "1.00") if number % 2 else pay_out(desk, ada, "1.00", Speed.INSTANT),)
        ]
        assert Status.CREATED in {order.status for order in orders}
        for _ in range(40):
            await records.connection.execute(
                "update transactions set ask_again_at = clock_timestamp() where status = 'created'"
            )
            await asyncio.gather(poll_unsettled(one), poll_unsettled(two))
        rows = await records.connection.fetch(
            "select type, status, count(*) from transactions where id = any($1) group by 1, 2", [o.id for o in orders]
        )
        ended = {(row[0], row[1]): row[2] for row in rows}
        assert {status for _, status in ended} <= {"completed", "failed"}
        came, went = ended.get(("deposit", "completed"), 0), ended.get(("withdrawal", "completed"), 0)
        assert await money(one, ada) == (10_000 + 100 * came - 102 * went, 0)
        assert await records.findings() == []


async def test_a_desk_uses_the_bank_of_the_settings(module_dsn: Dsns) -> None:
    async with open_desk(module_dsn.server) as some:
        desk = await Desk.open(some.database, load(simulated_bank="slow", simulated_bank_seconds=7, _env_file=None))
        assert desk.bank == SimulatedBank(Manner.SLOW, 7.0)
        await desk.close()


@pytest.mark.parametrize("manner", [one for one in Manner if one is not Manner.INSTANT])
def test_a_bank_that_simulates_failures_is_refused_in_production(manner: Manner) -> None:
    with pytest.raises(SettingsError, match="SIMULATED_BANK must be instant in production"):
        load(simulated_bank=manner, environment="production", _env_file=None)
    assert load(simulated_bank=manner, environment="development", _env_file=None).simulated_bank is manner


async def test_a_link_is_active_immediately_and_always_the_same() -> None:
    link = Link(uuids.uuid7(), uuids.uuid7(), "ada@example.com", "USD", BankUse.WITHDRAWAL)
    opened = await SimulatedBank().open_link(link)
    assert opened.url is None
    assert opened.state == await SimulatedBank().link_state(link)
    assert opened.state.status is LinkStatus.ACTIVE
    assert set(opened.state.uses) == {BankUse.DEPOSIT, BankUse.WITHDRAWAL}
    assert re.fullmatch(r"\d{4}", opened.state.last4)
    other = await SimulatedBank().open_link(replace(link, id=uuids.uuid7()))
    assert other.state.reference != opened.state.reference
