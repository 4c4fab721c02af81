"""The viewer: whoever is signed in, as only they see themselves."""

from datetime import datetime
from enum import Enum
from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.node import Node
from pocketpay.api.profile import Profile
from pocketpay.api.session import Session
from pocketpay.api.wallet import Wallet
from pocketpay.identity import sessions, user


@strawberry.enum(description="What a user is to the house.")
class Role(Enum):
    MEMBER = strawberry.enum_value("MEMBER", description="A customer.")
    OPERATOR = strawberry.enum_value("OPERATOR", description="One of those who run it.")


@strawberry.type(description="The viewer, as only they see themselves.")
class User(Node):
    username: str = strawberry.field(description='The name others pay them by, without "@".')
    name: str = strawberry.field(description="The name they go by.")
    email: str | None = strawberry.field(description="Their email address; null when they gave none.")
    email_verified: bool = strawberry.field(
        description="Whether they have verified this address by verifyEmail. A new address is not verified, nor is "
        "one that another user has verified since."
    )
    phone: str | None = strawberry.field(description="Their phone number in E.164; null when they gave none.")
    phone_verified: bool = strawberry.field(
        description="Whether they have verified this number by verifyPhone. A new number is not verified, nor is one "
        "that another user has verified since."
    )
    avatar_url: str | None = strawberry.field(
        description="The address of a picture of them; null when they gave none."
    )
    role: Role = strawberry.field(description="What they are to the house.")
    created_at: datetime = strawberry.field(description="When they signed up.")
    uuid: strawberry.Private[UUID]
    wallet_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, one: user.User) -> Self:
        return cls(
            id=ids.encode(ids.USER, one.id),
            username=one.username,
            name=one.name,
            email=one.email,
            email_verified=one.email_verified,
            phone=one.phone,
            phone_verified=one.phone_verified,
            avatar_url=one.avatar_url,
            role=Role[one.role.name],
            created_at=one.created_at,
            uuid=one.id,
            wallet_id=one.wallet_id,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The user of that id when it is the viewer."""
        if id != info.context.must_view().user_id:
            return None
        found = await info.context.loaders.users.load(id)
        return None if found is None else cls.of(found)

    @strawberry.field(
        description="The viewer as others see them: the same object as on the other side of others' transactions, "
        "with its id."
    )
    def profile(self) -> Profile:
        return Profile(
            id=ids.encode(ids.PROFILE, self.uuid),
            username=self.username,
            name=self.name,
            avatar_url=self.avatar_url,
        )

    @strawberry.field(description="Their wallet.")
    async def wallet(self, info: Info) -> Wallet:
        found = await info.context.loaders.balances.load(self.wallet_id)
        assert found is not None  # noqa: S101 - a foreign key says so
        return Wallet.of(found)

    @strawberry.field(description="Their sessions that have not ended, the newest first.")
    async def sessions(self, info: Info) -> list[Session]:
        viewer = info.context.must_view()
        return [Session.of(one, viewer) for one in await sessions.live(info.context.rooms.reception, viewer)]
