"""Pays the welcome bonus for a verified address, from the promotions account; it is completed immediately.

The bonus was promised before (welcome.py) with the id of its transaction, so it is paid only once, however often this
is tried: right after the verification, or by the sweeper if that failed. A frozen wallet gets the bonus too; a closed
wallet does not.
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
from pocketpay.database.loops import log_errors
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.onboarding.repository import bonuses
from pocketpay.onboarding.repository.bonuses import OwedBonus
from pocketpay.onboarding.repository.people import BONUS_DESCRIPTION
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_key
from pocketpay.transactions.errors import WalletClosed
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.wallets.balance import WalletStatus

SWEEP_INTERVAL_SECONDS = 60.0
"""The wait between two sweeps. A sweep finds only bonuses whose payment failed or was interrupted."""

MAX_PER_SWEEP = 64

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PayBonus:
    """The instruction to pay `amount` to a wallet as its owner's welcome bonus."""

    id: UUID
    wallet_id: UUID
    amount: Money
    key: Key

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, key=self.key)

    def decide(self, book: Book) -> Outcome:
        """Decides the outcome. Raises WalletClosed."""
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
    """Pays the bonus owed to the wallet, or for None a batch of owed bonuses. Returns how many it tried to pay."""
    async with desk.database.read() as session:
        owed = await bonuses.owed(session, wallet_id, limit=MAX_PER_SWEEP)
    if owed:
        await _pay(desk, owed)
    return len(owed)


async def sweep_forever(desk: Desk) -> None:
    """Pays owed bonuses each minute, until it is cancelled. An error is logged, and the next sweep follows."""
    while True:
        await asyncio.sleep(SWEEP_INTERVAL_SECONDS)
        with log_errors(log, work="welcome_bonuses", busy="bonus_sweep_postponed", failed="bonus_sweep_failed"):
            await pay_owed(desk)


async def _pay(desk: Desk, owed: Sequence[OwedBonus]) -> None:
    """Pays each bonus with its own instruction. A payment that fails does not stop the others, and stays owed."""
    results = await asyncio.gather(*(desk.submit(_instruction(one)) for one in owed), return_exceptions=True)
    done = []
    for one, result in zip(owed, results, strict=True):
        if isinstance(result, BaseException) and not isinstance(result, WalletClosed):
            if not isinstance(result, ServiceBusy):
                log.error("bonus_payment_failed", exc_info=result)
            continue
        done.append(one.wallet_id)
    if done:
        async with desk.database.write() as session:
            await bonuses.finish(session, done)


def _instruction(one: OwedBonus) -> PayBonus:
    key = parse_key(f"welcome bonus {one.transaction_id}", one.wallet_id, "welcome bonus", one.amount)
    return PayBonus(one.transaction_id, one.wallet_id, one.amount, key)
