"""The resolver of `Query.recentCounterparties`: the users to suggest first when the viewer pays again."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.page_arguments import ListSize
from pocketpay.api.pages import DEFAULT_LIST_SIZE, list_size
from pocketpay.api.profile import Profile
from pocketpay.transactions import history


@strawberry.field(
    description="The users whom the viewer paid or was paid by, most recent first, each once. Users with a closed "
    "wallet are left out."
)
async def recent_counterparties(info: Info, first: ListSize = DEFAULT_LIST_SIZE) -> list[Profile]:
    wallet_id = info.context.require_viewer().wallet_id
    limit = list_size(first)
    wallets = await info.context.database.query(history.recent_counterparties, wallet_id)
    people = await info.context.loaders.profiles.load_many(wallets)
    return [Profile.of(person) for person in people if person is not None and not person.closed][:limit]
