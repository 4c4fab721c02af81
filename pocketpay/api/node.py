"""Node: anything with an id, found again by it.

Each type behind an id has `find`: the thing of that UUID as this viewer may see it, or None. What belongs to somebody
else is found no more than what does not exist.
"""

from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info


@strawberry.interface(description="Anything that has an id of its own and can be found again by it.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, the same for ever, unique among all types.")


class Findable(Protocol):
    """A type that `node(id:)` can find."""

    async def find(self, info: Info, id: UUID) -> Node | None: ...


def findable() -> dict[str, Findable]:
    """The types by the prefix of their ids."""
    # They are nodes, so their modules import this one.
    from pocketpay.api.card import Card
    from pocketpay.api.ledger_entry import LedgerEntry
    from pocketpay.api.money_request import MoneyRequest
    from pocketpay.api.profile import Profile
    from pocketpay.api.session import Session
    from pocketpay.api.transaction import Transaction
    from pocketpay.api.viewer import User
    from pocketpay.api.wallet import Wallet

    return {
        ids.USER: User,
        ids.PROFILE: Profile,
        ids.WALLET: Wallet,
        ids.SESSION: Session,
        ids.TRANSACTION: Transaction,
        ids.ENTRY: LedgerEntry,
        ids.REQUEST: MoneyRequest,
        ids.CARD: Card,
    }


_findable: dict[str, Findable] = {}


@strawberry.field(
    description="Anything by its id; null when there is none, when it is somebody else's, and for a malformed id."
)
async def node(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="An id that this server gave.")],
) -> Node | None:
    info.context.must_view()
    if not _findable:
        _findable.update(findable())
    split = ids.split_prefix(id)
    found = _findable.get(split[0]) if split is not None else None
    return await found.find(info, split[1]) if split is not None and found is not None else None
