"""A money request as its requester or its payer sees it."""

from datetime import datetime
from enum import Enum
from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.node import Node
from pocketpay.api.profile import Profile
from pocketpay.api.transaction import Direction, Transaction
from pocketpay.requests import money_request as requests


@strawberry.enum(description="The status of a money request. All statuses except PENDING are final.")
class MoneyRequestStatus(Enum):
    PENDING = strawberry.enum_value("PENDING", description="The request is not paid yet.")
    PAID = strawberry.enum_value("PAID", description="The request is paid: its payment is completed.")
    DECLINED = strawberry.enum_value("DECLINED", description="The payer declined the request.")
    CANCELLED = strawberry.enum_value(
        "CANCELLED",
        description="The requester cancelled the request, or one of the two users has closed their wallet.",
    )
    EXPIRED = strawberry.enum_value("EXPIRED", description="The request was not paid before it expired.")


@strawberry.type(
    description="A request for money from one user to another. It stays PENDING while its payment waits for "
    "confirmation, and the requester does not see that payment."
)
class MoneyRequest(Node):
    direction: Direction = strawberry.field(
        description="INCOMING: the viewer is asked to pay. OUTGOING: the viewer asked for the money."
    )
    amount: Money = strawberry.field(description="The requested amount; always positive.")
    description: str = strawberry.field(description="The description that the requester wrote.")
    status: MoneyRequestStatus = strawberry.field(description="The current status.")
    expires_at: datetime = strawberry.field(description="When the request expires.")
    created_at: datetime = strawberry.field(description="When the request was created.")
    updated_at: datetime = strawberry.field(description="When the status last changed.")
    uuid: strawberry.Private[UUID]
    viewed_from: strawberry.Private[UUID]
    requester_wallet_id: strawberry.Private[UUID]
    payer_wallet_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, record: requests.MoneyRequest, wallet_id: UUID) -> Self:
        """The request as the owner of this wallet sees it. The wallet is the requester's or the payer's."""
        created_by_viewer = record.requester_wallet_id == wallet_id
        return cls(
            id=ids.encode(ids.REQUEST, record.id),
            direction=Direction.OUTGOING if created_by_viewer else Direction.INCOMING,
            amount=Money.of(record.amount),
            description=record.description,
            status=MoneyRequestStatus[record.status.name],
            expires_at=record.expires_at,
            created_at=record.created_at,
            updated_at=record.updated_at,
            uuid=record.id,
            viewed_from=wallet_id,
            requester_wallet_id=record.requester_wallet_id,
            payer_wallet_id=record.payer_wallet_id,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The money request with this id; None unless the viewer is its requester or payer."""
        wallet_id = info.context.require_viewer().wallet_id
        record = await info.context.loaders.money_requests.load((wallet_id, id))
        return None if record is None else cls.of(record, wallet_id)

    @strawberry.field(description="The user who asks for the money and receives it.")
    async def requester(self, info: Info) -> Profile:
        return await _owner(info, self.requester_wallet_id)

    @strawberry.field(description="The user who is asked to pay.")
    async def payer(self, info: Info) -> Profile:
        return await _owner(info, self.payer_wallet_id)

    @strawberry.field(
        description="The latest payment of this request, with any status. The requester sees it only when it is "
        "completed."
    )
    async def transaction(self, info: Info) -> Transaction | None:
        record = await info.context.loaders.latest_payments.load((self.viewed_from, self.uuid))
        return None if record is None else Transaction.of(record, self.viewed_from)


async def _owner(info: Info, wallet_id: UUID) -> Profile:
    """The profile of the wallet's owner."""
    found = await info.context.loaders.profiles.load(wallet_id)
    assert found is not None, "every wallet has an owner, also a closed one"  # noqa: S101 - the audit checks it
    return Profile.of(found)
