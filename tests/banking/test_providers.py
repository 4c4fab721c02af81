"""The laws of a provider, for the worked example of docs/banking.md and for the bank on Stripe."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import uuid_utils.compat as uuids

from pocketpay.banking.bank import Bank, BankOrder, BankReply, BankUse, Link, LinkStatus, OrderState
from pocketpay.database.sessions import Database
from pocketpay.money import Money
from tests.banking.stripe.customers import customer_of

PAGE = Path(__file__).parents[2] / "docs" / "banking.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Provider:
    """A bank, and what its banks and customers do. `answer` ends an order; `executed` counts it at the provider."""

    bank: Bank
    finish: Callable[[Link], None]
    answer: Callable[[BankOrder, OrderState], None]
    executed: Callable[[BankOrder], int]

    async def ask(self, order: BankOrder) -> OrderState:
        assert order.link is not None
        return await (self.bank.collect if order.link.use is BankUse.DEPOSIT else self.bank.payout)(order)

    async def linked(self, use: BankUse) -> Link:
        link = Link(uuids.uuid7(), uuids.uuid7(), "ada@example.test", "USD", use)
        link = replace(link, reference=(await self.bank.open_link(link)).state.reference)
        self.finish(link)
        return link


def _example(folder: Path) -> Provider:
    (code,) = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - our own page

    def answer(order: BankOrder, state: OrderState) -> None:
        said = {"reply": state.reply, "returned": state.returned, "why": state.why}
        (folder / f"{order.id}.answer").write_text(json.dumps(said))

    return Provider(
        names["FolderBank"](folder),
        lambda link: None,
        answer,
        lambda order: len(list(folder.glob(f"{order.id}.order"))),
    )


@pytest.fixture(params=["the example of the page", "Stripe"])
async def provider(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> AsyncIterator[Provider]:
    if request.param != "Stripe":
        yield _example(tmp_path)
        return
    async with customer_of(database) as customer:
        act, objects = customer.platform.act, customer.objects
        customer.platform.top_up(10_000)

        def finish(link: Link) -> None:
            if link.use is BankUse.DEPOSIT:
                act("checkout", link.reference, "finish")
            else:
                act("accounts", customer.account(link.reference), "onboard")

        def answer(order: BankOrder, state: OrderState) -> None:
            assert order.link is not None
            deposit = order.link.use is BankUse.DEPOSIT
            newest = objects("payment_intent" if deposit else "payout")[0]
            match state.reply, state.returned:
                case BankReply.SETTLED, 0:
                    act("payment_intents" if deposit else "payouts", newest["id"], "settle" if deposit else "pay")
                case BankReply.DECLINED, _ if deposit:
                    act("payment_intents", newest["id"], "decline", code=state.why)
                case _, returned if deposit:
                    act("charges", newest["latest_charge"], "dispute", amount=returned, reason=state.why)
                case _:
                    act("payouts", newest["id"], "fail", code=state.why)

        def executed(order: BankOrder) -> int:
            return sum(
                one["metadata"] == {"transaction_id": str(order.id)}
                for kind in ("payment_intent", "payout")
                for one in objects(kind)
            )

        yield Provider(customer.bank, finish, answer, executed)


def order(link: Link, minor: int = 1_000) -> BankOrder:
    return BankOrder(uuids.uuid7(), Money(minor, "USD"), "", link=link)


@pytest.mark.parametrize("use", list(BankUse))
async def test_an_order_is_executed_once_and_its_end_is_final(provider: Provider, use: BankUse) -> None:
    link = await provider.linked(use)
    settled, declined = order(link), order(link)
    for one, end in ((settled, BankReply.SETTLED), (declined, BankReply.DECLINED)):
        for _ in range(2):
            assert (await provider.ask(one)).reply is BankReply.PENDING
        why = "account_closed" if end is BankReply.DECLINED else ""
        provider.answer(one, OrderState(end, why=why))
        for _ in range(2):
            assert await provider.ask(one) == OrderState(end, why=why)
        assert provider.executed(one) == 1
    assert await provider.ask(settled) == OrderState(BankReply.SETTLED)


@pytest.mark.parametrize(("use", "returned"), [(BankUse.DEPOSIT, 400), (BankUse.WITHDRAWAL, 1_000)])
async def test_what_is_taken_back_is_a_part_of_a_settled_order(
    provider: Provider, use: BankUse, returned: int
) -> None:
    one = order(await provider.linked(use))
    await provider.ask(one)
    provider.answer(one, OrderState(BankReply.SETTLED))
    assert (await provider.ask(one)).returned == 0
    taken = OrderState(BankReply.SETTLED, returned, "no_account")
    provider.answer(one, taken)
    assert await provider.ask(one) == await provider.ask(one) == taken


async def test_an_order_that_is_repeated_at_once_is_executed_once(provider: Provider) -> None:
    one = order(await provider.linked(BankUse.DEPOSIT))
    answers = await asyncio.gather(*(provider.ask(one) for _ in range(4)), return_exceptions=True)
    assert all(isinstance(answer, OrderState | ConnectionError) for answer in answers)
    assert provider.executed(one) == 1


@pytest.mark.parametrize("use", list(BankUse))
async def test_a_link_is_opened_once_and_removed_for_ever(provider: Provider, use: BankUse) -> None:
    link = await provider.linked(use)
    state = await provider.bank.link_state(link)
    assert (state.status, state.reference, len(state.last4)) == (LinkStatus.ACTIVE, link.reference, 4)
    assert use in state.uses
    assert (await provider.bank.open_link(link)).state == state
    for _ in range(2):
        await provider.bank.remove_link(link)
    if use is BankUse.DEPOSIT:  # a connected account of Stripe belongs to the customer, and stays
        assert (await provider.bank.link_state(link)).status is LinkStatus.REMOVED
