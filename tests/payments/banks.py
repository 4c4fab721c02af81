"""Banks for tests."""

import asyncio
from dataclasses import dataclass, field, replace
from uuid import UUID

from pocketpay.banking.bank import PENDING, BankOrder, Link, LinkState, OpenedLink, OrderState
from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.payments.desk import Desk


@dataclass
class SlowBank:
    """A bank that gives the configured reply. Records its orders in `collected` and `paid_out`."""

    reply: OrderState | Exception | None = PENDING
    collected: list[BankOrder] = field(default_factory=list)
    paid_out: list[BankOrder] = field(default_factory=list)

    async def collect(self, order: BankOrder) -> OrderState:
        self.collected.append(order)
        return await self._configured_reply()

    async def payout(self, order: BankOrder) -> OrderState:
        self.paid_out.append(order)
        return await self._configured_reply()

    async def open_link(self, link: Link) -> OpenedLink:
        return await SimulatedBank().open_link(link)

    async def link_state(self, link: Link) -> LinkState:
        return await SimulatedBank().link_state(link)

    async def remove_link(self, link: Link) -> None:
        await SimulatedBank().remove_link(link)

    def times_asked(self, id: UUID) -> int:
        """How often the bank was asked about one order. It may be asked about orders of other tests too."""
        return sum(order.id == id for order in (*self.collected, *self.paid_out))

    async def _configured_reply(self) -> OrderState:
        if self.reply is None:
            await asyncio.sleep(60)
            raise AssertionError
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


def with_bank(desk: Desk, bank: SlowBank) -> Desk:
    """A copy of a desk with another bank."""
    return replace(desk, bank=bank)
