"""A simulated bank, for development and tests. It moves no real money; in production a real provider replaces it.

    instant      settles immediately
    slow         settles `seconds` after the order; an earlier call waits until then
    silent       does not answer a call within `seconds` after the order; settles at any later call
    declining    declines every order
    flaky        loses the connection in two of three calls, and declines one of eight orders

It has no hosted flow: a link to a bank account is active immediately, for deposits and withdrawals, with four digits
that follow from its id. It stores nothing. The id of an order, a UUIDv7, contains its age, and also determines
whether a flaky bank declines the order. So all servers simulate the same bank, also after a restart, and a repeated
order gets the same answer.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from pocketpay.banking.bank import (
    DECLINED,
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
from pocketpay.settings import SimulatedBank as Mode

SILENCE_SECONDS = 3_600.0
"""How long a silent bank does not answer. Callers time out long before."""

DECLINED_ONE_OF = 8
LOST_CONNECTIONS = 2 / 3


@dataclass(frozen=True, slots=True)
class SimulatedBank:
    """A simulated bank. `seconds` counts from the order; `chance` returns a random number from 0 to 1."""

    mode: Mode = Mode.INSTANT
    seconds: float = 0.0
    chance: Callable[[], float] = field(default=random.random)

    async def collect(self, order: BankOrder) -> OrderState:
        return await self._answer(order)

    async def payout(self, order: BankOrder) -> OrderState:
        return await self._answer(order)

    async def open_link(self, link: Link) -> OpenedLink:
        return OpenedLink(await self.link_state(link))

    async def link_state(self, link: Link) -> LinkState:
        digits = f"{link.id.int % 10_000:04}"
        return LinkState(LinkStatus.ACTIVE, f"simulated_{link.id.hex}", "Simulated Bank", digits, tuple(BankUse))

    async def remove_link(self, link: Link) -> None:
        """Does nothing: the server no longer gives orders for a removed link."""

    async def _answer(self, order: BankOrder) -> OrderState:
        match self.mode:
            case Mode.SLOW:
                await asyncio.sleep(max(0.0, self.seconds - _age(order.id)))
            case Mode.SILENT if _age(order.id) < self.seconds:
                await asyncio.sleep(SILENCE_SECONDS)
            case Mode.DECLINING:
                return DECLINED
            case Mode.FLAKY:
                return self._flaky(order)
        return SETTLED

    def _flaky(self, order: BankOrder) -> OrderState:
        """Raises BankUnavailable in two of three calls: either the order or its answer is lost."""
        if self.chance() < LOST_CONNECTIONS:
            raise BankUnavailable("the connection to the bank was lost")
        return DECLINED if order.id.int % DECLINED_ONE_OF == 0 else SETTLED


def _age(order_id: UUID) -> float:
    """Returns the seconds since the UUIDv7 was created."""
    return time.time() - (order_id.int >> 80) / 1000
