"""The resolver of `Query.profile`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.profile import Profile
from pocketpay.identity import profiles


@strawberry.field(description="The user with this username; null when there is none.")
async def profile(
    info: Info,
    username: Annotated[str, strawberry.argument(description='The username, with or without "@".')],
) -> Profile | None:
    info.context.require_viewer()
    found = await info.context.database.query(profiles.by_username, username)
    return None if found is None else Profile.of(found)
