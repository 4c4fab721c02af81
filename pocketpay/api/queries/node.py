"""The resolver of `Query.node`: fetches an object by its id.

Each type with an id has a method `find`. It returns the object with that UUID as the viewer can see it, or None. An
object of another user is treated like one that does not exist.
"""

from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.bank_account import BankAccount
from pocketpay.api.card import Card
from pocketpay.api.context import Info
from pocketpay.api.ledger_entry import LedgerEntry
from pocketpay.api.money_request import MoneyRequest
from pocketpay.api.node import Node
from pocketpay.api.profile import Profile
from pocketpay.api.session import Session
from pocketpay.api.transaction import Transaction
from pocketpay.api.user import User
from pocketpay.api.wallet import Wallet


class Findable(Protocol):
    """A type that `node(id:)` can fetch."""

    async def find(self, info: Info, id: UUID) -> Node | None: ...


FINDABLE: dict[str, Findable] = {
    ids.USER: User,
    ids.PROFILE: Profile,
    ids.WALLET: Wallet,
    ids.SESSION: Session,
    ids.TRANSACTION: Transaction,
    ids.ENTRY: LedgerEntry,
    ids.REQUEST: MoneyRequest,
    ids.CARD: Card,
    ids.BANK_ACCOUNT: BankAccount,
}
"""The types that `node(id:)` can fetch, by the prefix of their ids."""


@strawberry.field(
    description="An object by its id; null when it does not exist, belongs to another user, or the id is malformed."
)
async def node(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="The id of the object.")],
) -> Node | None:
    info.context.require_viewer()
    split = ids.split_prefix(id)
    found = FINDABLE.get(split[0]) if split is not None else None
    return await found.find(info, split[1]) if split is not None and found is not None else None
