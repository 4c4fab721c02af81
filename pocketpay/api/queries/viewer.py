"""The resolver of `Query.viewer`."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.user import User


@strawberry.field(description="The signed-in user.")
async def viewer(info: Info) -> User | None:
    return await User.find(info, info.context.require_viewer().user_id)
