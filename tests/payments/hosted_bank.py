"""A provider with a hosted flow, in memory, for tests: they set what it says about each order and link."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount, Provider
from pocketpay.banking.bank import (
    SETTLED,
    BankOrder,
    BankUnavailable,
    BankUse,
    Link,
    LinkState,
    LinkStatus,
    OpenedLink,
    OrderState,
)
from pocketpay.clearing.outcome import Answer
from pocketpay.payments.deposit import deposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.link_bank_account import LinkedBankAccount, link_bank_account
from pocketpay.payments.refresh import refresh_bank_account
from pocketpay.payments.withdraw import withdraw
from tests.payments.customers import Person, new_key


@dataclass
class HostedBank:
    """Answers `settles` for an order, unless `orders` has another state for its id. A link is pending until the test
    sets its state in `links`. While it is `down`, it answers nothing."""

    settles: OrderState = SETTLED
    orders: dict[UUID, OrderState] = field(default_factory=dict)
    links: dict[UUID, LinkState] = field(default_factory=dict)
    asked: list[BankOrder] = field(default_factory=list)
    opened: "Counter[UUID]" = field(default_factory=Counter)
    asked_about_links: "Counter[UUID]" = field(default_factory=Counter)
    removed: list[Link] = field(default_factory=list)
    down: bool = False
    silent: bool = False

    async def collect(self, order: BankOrder) -> OrderState:
        return await self._order(order)

    async def payout(self, order: BankOrder) -> OrderState:
        return await self._order(order)

    async def open_link(self, link: Link) -> OpenedLink:
        await self._reach()
        self.opened[link.id] += 1
        return OpenedLink(self._state(link), f"https://bank.example/{link.id}/{self.opened[link.id]}")

    async def link_state(self, link: Link) -> LinkState:
        assert link.reference == f"ref_{link.id}"
        await self._reach()
        self.asked_about_links[link.id] += 1
        return self._state(link)

    async def remove_link(self, link: Link) -> None:
        await self._reach()
        self.removed.append(link)

    def says(self, link_id: UUID, status: LinkStatus, *, uses: tuple[BankUse, ...] = ()) -> None:
        """Sets what the provider says about a link."""
        self.links[link_id] = LinkState(status, f"ref_{link_id}", "First Bank", "6789", uses)

    def _state(self, link: Link) -> LinkState:
        return self.links.get(link.id) or LinkState(LinkStatus.PENDING, f"ref_{link.id}")

    async def _order(self, order: BankOrder) -> OrderState:
        await self._reach()
        self.asked.append(order)
        return self.orders.get(order.id, self.settles)

    async def _reach(self) -> None:
        if self.silent:
            await asyncio.sleep(60)
        if self.down:
            raise BankUnavailable("down")


def hosted(desk: Desk, bank: HostedBank) -> Desk:
    """A copy of a desk with this provider."""
    return replace(desk, bank=bank, provider=Provider.STRIPE)


async def link(
    desk: Desk, whose: Person, use: BankUse = BankUse.DEPOSIT, *, key: str | None = None
) -> LinkedBankAccount:
    """Links a bank account."""
    return await link_bank_account(desk, whose.wallet_id, whose.user_id, use, raw_key=key or new_key())


async def linked(
    desk: Desk, bank: HostedBank, whose: Person, *uses: BankUse, status: LinkStatus = LinkStatus.ACTIVE
) -> BankAccount:
    """Links a bank account that the provider then reports in this status, for these uses (by default, for both)."""
    account = (await link(desk, whose, (uses or tuple(BankUse))[0])).account
    bank.says(account.id, status, uses=uses or tuple(BankUse))
    refreshed = await refresh_bank_account(desk, account.id)
    assert refreshed is not None
    return refreshed


async def pay_in_from(desk: Desk, account: BankAccount, amount: str, *, key: str | None = None) -> Answer:
    """Makes a deposit from a linked bank account."""
    return await deposit(
        desk,
        account.wallet_id,
        raw_amount=amount,
        raw_bank_name=None,
        bank_account_id=account.id,
        raw_key=key or new_key(),
    )


async def pay_out_to(
    desk: Desk, account: BankAccount, amount: str, speed: Speed = Speed.STANDARD, *, key: str | None = None
) -> Answer:
    """Makes a withdrawal to a linked bank account."""
    return await withdraw(
        desk,
        account.wallet_id,
        raw_amount=amount,
        raw_bank_name=None,
        bank_account_id=account.id,
        speed=speed,
        raw_key=key or new_key(),
    )
