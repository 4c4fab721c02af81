"""Banks for tests."""

import asyncio
from dataclasses import dataclass, field, replace
from uuid import UUID

from pocketpay.payments.bank import BankOrder, BankReply
from pocketpay.payments.desk import Desk


@dataclass
class SlowBank:
    """A bank that gives the configured reply. Records its orders in `collected` and `paid_out`."""

    reply: BankReply | Exception | None = BankReply.PENDING
    collected: list[BankOrder] = field(default_factory=list)
    paid_out: list[BankOrder] = field(default_factory=list)

    async def collect(self, order: BankOrder) -> BankReply:
        self.collected.append(order)
        return await self._configured_reply()

    async def payout(self, order: BankOrder) -> BankReply:
        self.paid_out.append(order)
        return await self._configured_reply()

    def times_asked(self, id: UUID) -> int:
        """How often the bank was asked about one order. It may be asked about orders of other tests too."""
        return sum(order.id == id for order in (*self.collected, *self.paid_out))

    async def _configured_reply(self) -> BankReply:
        if self.reply is None:
            await asyncio.sleep(60)
            raise AssertionError
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


def with_bank(desk: Desk, bank: SlowBank) -> Desk:
    """A copy of a desk with another bank."""
    return replace(desk, bank=bank)
