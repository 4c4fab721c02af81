"""A linked bank account as its owner sees it."""

from datetime import datetime
from enum import Enum
from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.node import Node
from pocketpay.api.scalars import CurrencyCode
from pocketpay.bank_accounts import bank_account as bank_accounts
from pocketpay.banking import bank


@strawberry.enum(description="What a linked bank account can be used for.")
class BankUse(Enum):
    DEPOSIT = strawberry.enum_value("DEPOSIT", description="Deposits from the bank account.")
    WITHDRAWAL = strawberry.enum_value("WITHDRAWAL", description="Withdrawals to the bank account.")

    @property
    def use(self) -> bank.BankUse:
        """The use as the bank's protocol names it."""
        return bank.BankUse[self.name]


@strawberry.enum(description="The status of a linked bank account.")
class BankAccountStatus(Enum):
    PENDING = strawberry.enum_value(
        "PENDING",
        description="The owner has not finished the provider's page, or the provider still verifies the bank "
        "account.",
    )
    ACTIVE = strawberry.enum_value("ACTIVE", description="The bank account can be used.")
    FAILED = strawberry.enum_value(
        "FAILED",
        description="The provider refused the bank account, or the owner did not finish the page in "
        "time. Remove the bank account and link another one.",
    )
    REMOVED = strawberry.enum_value(
        "REMOVED",
        description="The owner removed the bank account, or the bank or the provider ended the link. This is final.",
    )


@strawberry.type(
    description="A bank account that its owner has linked, for deposits or withdrawals. Only the bank and the "
    "provider have the full account number."
)
class BankAccount(Node):
    bank_name: str | None = strawberry.field(description="The name of the bank; null until it is known.")
    last4: str | None = strawberry.field(
        description="The last four digits of the account number; null until they are known."
    )
    status: BankAccountStatus = strawberry.field(description="The current status.")
    uses: list[BankUse] = strawberry.field(description="What the bank account can be used for.")
    currency: CurrencyCode = strawberry.field(description="The currency, the same as the wallet's.")
    created_at: datetime = strawberry.field(description="When the bank account was linked.")
    updated_at: datetime = strawberry.field(description="When the bank account last changed.")

    @classmethod
    def of(cls, account: bank_accounts.BankAccount) -> Self:
        return cls(
            id=ids.encode(ids.BANK_ACCOUNT, account.id),
            bank_name=account.bank_name or None,
            last4=account.last4 or None,
            status=BankAccountStatus[account.status.name],
            uses=[BankUse[use.name] for use in account.uses],
            currency=CurrencyCode(account.currency),
            created_at=account.created_at,
            updated_at=account.updated_at,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The viewer's bank account with this id, also a removed one; None when the viewer has none."""
        found = await info.context.loaders.bank_accounts.load((info.context.require_viewer().wallet_id, id))
        return None if found is None else cls.of(found)
