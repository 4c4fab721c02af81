"""The live changes of a wallet's money requests."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from pocketpay.database.sessions import Database
from pocketpay.requests import repository
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.updates.changes import PAGE, Changes, Place, Sides
from pocketpay.updates.hub import Hub
from pocketpay.updates.signals import Signal


def request_changes(database: Database, hub: Hub) -> Changes[MoneyRequest]:
    """Returns the live changes of money requests, for the requester and the payer."""

    async def read(ids: Sequence[UUID]) -> Mapping[UUID, MoneyRequest]:
        return await database.query(repository.by_ids, ids)

    async def read_since(wanted: Sequence[tuple[UUID, Place]]) -> Sequence[Sequence[MoneyRequest]]:
        return await database.query(repository.since, wanted, limit=PAGE)

    return Changes[MoneyRequest](
        "requests",
        concerns=_sides,
        read=read,
        read_since=read_since,
        count_since=repository.count_since,
        since=hub.since,
    )


def _sides(signal: Signal) -> Iterable[tuple[UUID, Sides]]:
    return ((id, (changed.requester_wallet_id, changed.payer_wallet_id)) for id, changed in signal.requests.items())
