"""Profiles: the data of a user that every signed-in user can see."""

from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.node import Node
from pocketpay.identity import profile as identity


@strawberry.type(description="The public profile of a user, visible to every signed-in user.")
class Profile(Node):
    username: str = strawberry.field(description='The unique username, without "@". Other users pay to it.')
    name: str = strawberry.field(description="The display name.")
    avatar_url: str | None = strawberry.field(description="The URL of the user's picture; null when there is none.")

    @classmethod
    def of(cls, profile: identity.Profile) -> Self:
        return cls(
            id=ids.encode(ids.PROFILE, profile.user_id),
            username=profile.username,
            name=profile.name,
            avatar_url=profile.avatar_url,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The profile of the user with this id; None when there is none or the user has closed their wallet."""
        found = await info.context.loaders.profiles_by_id.load(id)
        return None if found is None else cls.of(found)
