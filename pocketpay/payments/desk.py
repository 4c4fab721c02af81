"""The desk: what every verb needs beside its own rule to carry out an instruction."""

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, Self

from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.clearing.policy import read_policy
from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.unit import preview
from pocketpay.database.sessions import Database
from pocketpay.ledger.repository import postings
from pocketpay.payments.bank import Bank
from pocketpay.payments.resolve import Resolver
from pocketpay.payments.simulated_bank import SimulatedBank
from pocketpay.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """Resolves names, hands instructions to the clearing, asks the bank; reads through `database`."""

    database: Database
    clearing: Clearing
    resolver: Resolver
    bank: Bank

    @classmethod
    async def open(cls, database: Database, settings: Settings) -> Self:
        """A server's desk, its clearing at work: the house's accounts of every currency served are there.

        Raises ServiceBusy when the database does not answer, SettingsError when what operators have set in it does
        not go with the environment.
        """
        async with database.write() as session:
            house = await postings.open_house(session, settings.served_currencies)
        async with database.read() as session:
            terms = replace(Terms.of(settings), policy=await read_policy(session, settings))
        clearing = Clearing(database, terms, house)
        await clearing.start()
        bank = SimulatedBank(settings.simulated_bank, settings.simulated_bank_seconds)
        return cls(database, clearing, Resolver(database), bank)

    def submit(self, instruction: Instruction, *, weight: int = 1) -> Coroutine[Any, Any, Answer]:
        """Has an instruction carried out and gives its answer after the commit; see `Clearing.submit`."""
        return self.clearing.submit(instruction, weight=weight)

    async def preview(self, instruction: Instruction) -> Result:
        """What the instruction would come to now: nothing is locked and nothing is written. Raises ServiceBusy."""
        whose = self.database.of(instruction.footprint.wallet_id)
        return await whose.query(preview, instruction, self.clearing.terms, self.clearing.house)

    @property
    def terms(self) -> Terms:
        """What applies to every payment decided now."""
        return self.clearing.terms

    async def close(self) -> None:
        """Takes no more orders, and finishes those it has."""
        await self.clearing.close()
