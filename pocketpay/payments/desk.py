"""The desk: the services that every verb uses to execute its instruction."""

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, Self

from pocketpay.bank_accounts.bank_account import Provider
from pocketpay.banking.bank import Bank
from pocketpay.banking.provider import close_bank, open_bank
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.clearing.policy import read_policy
from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.unit import preview
from pocketpay.database.connection_count import LANES
from pocketpay.database.sessions import Database
from pocketpay.ledger.repository import postings
from pocketpay.payments.resolve import Resolver
from pocketpay.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """The services of payments: the database for reads, the clearing, the resolver of names and ids, and the bank.

    `provider` is the provider that `bank` is: a bank account can be used only with the provider that linked it.
    """

    database: Database
    clearing: Clearing
    resolver: Resolver
    bank: Bank
    provider: Provider = Provider.SIMULATED

    @classmethod
    async def open(
        cls, database: Database, settings: Settings, *, clearing_class: type[Clearing] = Clearing, lanes: int = LANES
    ) -> Self:
        """Creates a server's desk: creates missing house accounts and starts the clearing.

        Raises ServiceBusy when the database does not answer, and SettingsError when an operator's setting in the
        database is not valid with the environment's settings.
        """
        async with database.write() as session:
            house = await postings.ensure_house_accounts(session, settings.served_currencies)
        async with database.read() as session:
            terms = replace(Terms.of(settings), policy=await read_policy(session, settings))
        bank = open_bank(settings, database)
        clearing = clearing_class(database, terms, house, lanes)
        await clearing.start()
        provider = Provider.SIMULATED if settings.stripe_secret_key is None else Provider.STRIPE
        return cls(database, clearing, Resolver(database), bank, provider)

    def submit(self, instruction: Instruction, *, weight: int = 1) -> Coroutine[Any, Any, Answer]:
        """Queues an instruction and returns its answer after the commit; see `Clearing.submit`."""
        return self.clearing.submit(instruction, weight=weight)

    async def preview(self, instruction: Instruction) -> Result:
        """Returns the result that the instruction would have now. Locks and writes nothing. Raises ServiceBusy."""
        access = self.database.of(instruction.footprint.wallet_id)
        return await access.query(preview, instruction, self.clearing.terms, self.clearing.house)

    @property
    def terms(self) -> Terms:
        """The terms that apply to every payment decided now."""
        return self.clearing.terms

    async def close(self) -> None:
        """Stops accepting orders, and finishes the waiting ones."""
        await self.clearing.close()
        await close_bank(self.bank)
