"""Whom the viewer last paid or was paid by: the people to offer first when they pay again."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.page_arguments import AtMost
from pocketpay.api.pages import FEW, at_most
from pocketpay.api.profile import Profile
from pocketpay.transactions import history


@strawberry.field(
    description="The users whom the viewer paid or was paid by, most recent first, each once. Users with a closed "
    "wallet are left out."
)
async def recent_counterparties(info: Info, first: AtMost = FEW) -> list[Profile]:
    wallet_id = info.context.require_viewer().wallet_id
    most = at_most(first)
    wallets = await info.context.database.query(history.recent_counterparties, wallet_id)
    people = await info.context.loaders.profiles.load_many(wallets)
    return [Profile.of(person) for person in people if person is not None and not person.closed][:most]
