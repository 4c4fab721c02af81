"""The resolver of `Query.searchProfiles`: finds a user to pay."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.page_arguments import ListSize
from pocketpay.api.pages import DEFAULT_LIST_SIZE, list_size
from pocketpay.api.profile import Profile
from pocketpay.identity import profiles


@strawberry.field(
    description="Users whose username, or a word of their name, starts with the given text. Matches of the username "
    "come first, then matches of the first word. Words are separated by spaces, hyphens, dots or quotes; only the "
    "first five count. The search ignores case, accents, character width and invisible characters. It does not "
    "search email addresses or phone numbers."
)
async def search_profiles(
    info: Info,
    text: Annotated[
        str,
        strawberry.argument(
            description='The start of the username or name. With a leading "@", only usernames are searched.'
        ),
    ],
    first: ListSize = DEFAULT_LIST_SIZE,
) -> list[Profile]:
    info.context.require_viewer()
    limit = list_size(first)
    found = await info.context.database.query(profiles.search, text, limit=limit)
    return [Profile.of(person) for person in found]
