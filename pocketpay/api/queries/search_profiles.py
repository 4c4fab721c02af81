"""Looking for somebody to pay."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.page_arguments import AtMost
from pocketpay.api.pages import FEW, at_most
from pocketpay.api.profile import Profile
from pocketpay.identity import profiles


@strawberry.field(
    description="People whose username or name begins with a text, usernames first. Case, the width of letters, "
    "marks that are not seen, and whether an accent is a code point of its own make no difference. Nobody is found "
    "by an email address or a phone number."
)
async def search_profiles(
    info: Info,
    text: Annotated[str, strawberry.argument(description='The beginning; with a leading "@" of usernames only.')],
    first: AtMost = FEW,
) -> list[Profile]:
    info.context.must_view()
    most = at_most(first)
    found = await info.context.database.query(profiles.search, text, most=most)
    return [Profile.of(person) for person in found]
