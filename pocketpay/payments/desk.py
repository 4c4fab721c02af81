"""The desk: where orders about money are taken. What a verb needs besides its own rule."""

from dataclasses import dataclass

from pocketpay.database.sessions import Database
from pocketpay.payments.bank import Bank
from pocketpay.payments.clearing import Clearing
from pocketpay.payments.resolve import Resolver


@dataclass(frozen=True, slots=True)
class Desk:
    """Resolves names, hands instructions to the clearing, asks the bank; reads through `database`."""

    database: Database
    clearing: Clearing
    resolver: Resolver
    bank: Bank
