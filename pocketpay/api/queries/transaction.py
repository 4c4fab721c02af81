"""The resolver of `Query.transaction`."""

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.id_arguments import TransactionId
from pocketpay.api.transaction import Transaction


@strawberry.field(description="A transaction by its id; null when it does not exist or the viewer cannot see it.")
async def transaction(info: Info, id: TransactionId) -> Transaction | None:
    info.context.require_viewer()
    uuid = ids.decode(ids.TRANSACTION, id)
    return None if uuid is None else await Transaction.find(info, uuid)
