"""Looking for somebody to pay."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.page_arguments import AtMost
from pocketpay.api.pages import FEW, at_most
from pocketpay.api.profile import Profile
from pocketpay.identity import profiles


@strawberry.field(
    description="People whose username, or a word of whose name, begins with a text; usernames first, then first "
    "words. Words stand between spaces, hyphens, dots or quotes; the first five are looked at. Case, accents, the "
    "width of letters and marks that are not seen make no difference. Nobody is found by an email address or a phone "
    "number."
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
