"""The house accounts: Pocket Pay's own accounts in the books, one of each kind per currency.

    bank          the money outside; a negative balance is money that came in
    fees          the fees that Pocket Pay earned
    promotions    the bonuses that Pocket Pay paid; the balance is negative
    card_network  the money owed to the card network

Their balances may be negative. A posting neither checks nor locks them, so that no deposit waits for another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class HouseKind(StrEnum):
    BANK = "bank"
    FEES = "fees"
    PROMOTIONS = "promotions"
    CARD_NETWORK = "card_network"


@dataclass(frozen=True, slots=True)
class HouseAccounts:
    """The id of each house account by kind and currency, and the kind of each account by id.

    Accounts are only ever added.
    """

    accounts: dict[tuple[HouseKind, str], UUID]
    kinds: dict[UUID, HouseKind]

    @classmethod
    def of(cls, rows: "list[tuple[UUID, str, str]]") -> "HouseAccounts":
        """Creates the object from rows of (id, kind, currency)."""
        accounts = {(HouseKind(kind), currency): account_id for account_id, kind, currency in rows}
        return cls(accounts, {account_id: kind for (kind, _), account_id in accounts.items()})

    def account(self, kind: HouseKind, currency: str) -> UUID:
        return self.accounts[kind, currency]

    def has_all(self, currencies: Iterable[str]) -> bool:
        """Returns whether there are house accounts in all the currencies. A server with other settings may have
        created accounts in more currencies."""
        return all((HouseKind.BANK, currency) in self.accounts for currency in currencies)

    def merge(self, house: "HouseAccounts") -> None:
        """Adds the accounts of a newer read."""
        self.accounts.update(house.accounts)
        self.kinds.update(house.kinds)
