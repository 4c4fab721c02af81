"""The signed-in user, with the private fields that no other user can see."""

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


@strawberry.enum(description="The role of a user.")
class Role(Enum):
    MEMBER = strawberry.enum_value("MEMBER", description="A customer.")
    OPERATOR = strawberry.enum_value("OPERATOR", description="A member of Pocket Pay's staff.")


@strawberry.type(description="The signed-in user, with private fields.")
class User(Node):
    username: str = strawberry.field(description='The unique username, without "@". Other users pay to it.')
    name: str = strawberry.field(description="The display name.")
    email: str | None = strawberry.field(description="The email address; null when there is none.")
    email_verified: bool = strawberry.field(
        description="Whether the email address is verified. A new address is not verified. A verified address "
        "becomes unverified when another user verifies the same address."
    )
    phone: str | None = strawberry.field(description="The phone number in E.164 format; null when there is none.")
    phone_verified: bool = strawberry.field(
        description="Whether the phone number is verified. A new number is not verified. A verified number becomes "
        "unverified when another user verifies the same number."
    )
    avatar_url: str | None = strawberry.field(description="The URL of the user's picture; null when there is none.")
    role: Role = strawberry.field(description="Their role: customer or operator.")
    created_at: datetime = strawberry.field(description="When the user signed up.")
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
        """The viewer when this is the viewer's id, else None."""
        if id != info.context.require_viewer().user_id:
            return None
        found = await info.context.loaders.users.load(id)
        return None if found is None else cls.of(found)

    @strawberry.field(
        description="The public profile of the user: the same object, with the same id, that other users see in "
        "their transactions."
    )
    def profile(self) -> Profile:
        return Profile(
            id=ids.encode(ids.PROFILE, self.uuid),
            username=self.username,
            name=self.name,
            avatar_url=self.avatar_url,
        )

    @strawberry.field(description="The user's wallet.")
    async def wallet(self, info: Info) -> Wallet:
        found = await info.context.loaders.balances.load(self.wallet_id)
        assert found is not None  # noqa: S101 - a foreign key guarantees it
        return Wallet.of(found)

    @strawberry.field(description="The user's active sessions, newest first.")
    async def sessions(self, info: Info) -> list[Session]:
        viewer = info.context.require_viewer()
        return [Session.of(one, viewer) for one in await sessions.live(info.context.services.identity, viewer)]
