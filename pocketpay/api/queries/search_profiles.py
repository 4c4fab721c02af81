"""Looking for somebody to pay."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.page_arguments import AtMost
from pocketpay.api.pages import FEW, at_most
from pocketpay.api.profile import Profile
from pocketpay.identity import profiles


@strawberry.field(
    description="Users whose username or name starts with the given text; matches of the username come first. The "
    "search ignores case, character width, invisible characters and the encoding of accents. It does not search "
    "email addresses or phone numbers."
)
async def search_profiles(
    info: Info,
    text: Annotated[
        str,
        strawberry.argument(
            description='The start of the username or name. With a leading "@", only usernames are searched.'
        ),
    ],
    first: AtMost = FEW,
) -> list[Profile]:
    info.context.must_view()
    most = at_most(first)
    found = await info.context.database.query(profiles.search, text, most=most)
    return [Profile.of(person) for person in found]
