"""The house's own accounts, one of each kind per currency.

    bank          the outside world; negative is money that came in
    fees          what the house earned
    promotions    what the house gave away; negative
    card_network  what the network is owed

They may be negative, are never asked for permission and never locked for a posting: no deposit waits for another.
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
class House:
    """Which account each kind has in each currency, and the kind of each account. It can only grow."""

    accounts: dict[tuple[HouseKind, str], UUID]
    kinds: dict[UUID, HouseKind]

    @classmethod
    def of(cls, rows: "list[tuple[UUID, str, str]]") -> "House":
        """From rows of (id, kind, currency)."""
        accounts = {(HouseKind(kind), currency): account_id for account_id, kind, currency in rows}
        return cls(accounts, {account_id: kind for (kind, _), account_id in accounts.items()})

    def account(self, kind: HouseKind, currency: str) -> UUID:
        return self.accounts[kind, currency]

    def knows(self, currencies: Iterable[str]) -> bool:
        """Whether it has accounts in all of them. A server of other settings may serve more."""
        return all((HouseKind.BANK, currency) in self.accounts for currency in currencies)

    def learn(self, house: "House") -> None:
        """Adds the accounts of another look at the database."""
        self.accounts.update(house.accounts)
        self.kinds.update(house.kinds)
