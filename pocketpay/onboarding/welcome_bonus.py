"""How a welcome bonus is paid to somebody who has verified an address: a present of the house, completed at once.

It has been written down already (welcome.py), so it is paid once however often this is tried: right after the
verification, and by a sweeper where that was cut off. A frozen wallet gets it all the same, a closed one nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key
from pocketpay.clearing.outcome import Outcome
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.loops import going_on
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.onboarding.repository import bonuses
from pocketpay.onboarding.repository.bonuses import Owed
from pocketpay.onboarding.repository.people import BONUS_DESCRIPTION
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_key
from pocketpay.transactions.errors import WalletClosed
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.wallets.balance import WalletStatus

EVERY_SECONDS = 60.0
"""Between two sweeps: they find only what a server that died has left."""

MOST_AT_ONCE = 64

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PayBonus:
    """Post `amount` to that wallet as its owner's welcome bonus."""

    id: UUID
    wallet_id: UUID
    amount: Money
    key: Key

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, key=self.key)

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises WalletClosed."""
        if (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        if book.standings[self.wallet_id].status is WalletStatus.CLOSED:
            raise WalletClosed
        bonus = Transaction(
            id=self.id,
            type=Type.BONUS,
            status=Status.COMPLETED,
            source_wallet_id=None,
            destination_wallet_id=self.wallet_id,
            amount=self.amount,
            fee=Money(0, self.amount.currency),
            description=BONUS_DESCRIPTION,
            bank_name=None,
            risk_reasons=(),
            failure_code=None,
            failure_facts=None,
            expires_at=None,
            version=1,
            created_at=book.now,
            updated_at=book.now,
            completed_at=book.now,
        )
        house = book.house.account(HouseKind.PROMOTIONS, self.amount.currency)
        legs = (
            Leg(house, -self.amount.minor, BONUS_DESCRIPTION),
            Leg(self.wallet_id, self.amount.minor, BONUS_DESCRIPTION),
        )
        return Outcome(bonus, legs=legs, key=self.key)


async def pay_owed(desk: Desk, wallet_id: UUID | None = None) -> int:
    """Pays what is owed to that wallet, or a batch of what is owed to anybody; gives how many it was about."""
    async with desk.database.read() as session:
        owed = await bonuses.owed(session, wallet_id, most=MOST_AT_ONCE)
    if owed:
        await _pay(desk, owed)
    return len(owed)


async def sweep_forever(desk: Desk) -> None:
    """Pays what is owed each minute until it is cancelled. What goes wrong is logged, and the next sweep comes."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with going_on(log, busy="sweep_postponed", failed="sweep_failed"):
            await pay_owed(desk)


async def _pay(desk: Desk, owed: Sequence[Owed]) -> None:
    """Each by an instruction of its own; one that goes wrong holds up no other, and stays owed."""
    results = await asyncio.gather(*(desk.submit(_instruction(one)) for one in owed), return_exceptions=True)
    done = []
    for one, result in zip(owed, results, strict=True):
        if isinstance(result, BaseException) and not isinstance(result, WalletClosed):
            if not isinstance(result, ServiceBusy):
                log.error("sweep_of_one_failed", exc_info=result)
            continue
        done.append(one.wallet_id)
    if done:
        async with desk.database.write() as session:
            await bonuses.finish(session, done)


def _instruction(one: Owed) -> PayBonus:
    key = parse_key(f"welcome bonus {one.transaction_id}", one.wallet_id, "welcome bonus", one.amount)
    return PayBonus(one.transaction_id, one.wallet_id, one.amount, key)
