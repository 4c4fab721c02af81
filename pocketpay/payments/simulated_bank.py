"""A bank that is none, for trying what real ones do. No money is real here; a provider takes its place.

    instant      settles at once
    slow         settles when its seconds are over, and lets whoever asks before wait
    silent       says nothing to whoever asks before its seconds are over, and settles whatever is asked later
    declining    says no
    flaky        breaks the line at two of three askings, and of eight orders declines one

It keeps nothing: an order's age is in its id, a UUIDv7, and so is whether a flaky bank declines it. So every server
has the same bank, also after a restart, and what it said once it says again.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from pocketpay.payments.bank import BankOrder, BankReply
from pocketpay.settings import SimulatedBank as Manner

FOR_EVER = 3_600.0
"""Seconds: whoever waits for a bank gives up long before."""

DECLINED_OF = 8
BREAKS = 2 / 3


@dataclass(frozen=True, slots=True)
class SimulatedBank:
    """`seconds` count from the order on; `chance` gives numbers from 0 to 1."""

    manner: Manner = Manner.INSTANT
    seconds: float = 0.0
    chance: Callable[[], float] = field(default=random.random)

    async def collect(self, order: BankOrder) -> BankReply:
        return await self._answer(order)

    async def payout(self, order: BankOrder) -> BankReply:
        return await self._answer(order)

    async def _answer(self, order: BankOrder) -> BankReply:
        match self.manner:
            case Manner.SLOW:
                await asyncio.sleep(max(0.0, self.seconds - _age(order.id)))
            case Manner.SILENT if _age(order.id) < self.seconds:
                await asyncio.sleep(FOR_EVER)
            case Manner.DECLINING:
                return BankReply.DECLINED
            case Manner.FLAKY:
                return self._flaky(order)
        return BankReply.SETTLED

    def _flaky(self, order: BankOrder) -> BankReply:
        """Whether the order or its answer was lost on a broken line, nobody can tell."""
        if self.chance() < BREAKS:
            raise ConnectionError("the connection to the bank was lost")
        return BankReply.DECLINED if order.id.int % DECLINED_OF == 0 else BankReply.SETTLED


def _age(order_id: UUID) -> float:
    """Seconds since that UUIDv7 was made."""
    return time.time() - (order_id.int >> 80) / 1000
