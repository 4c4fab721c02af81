"""The resolver of `Query.transactions` and `Wallet.transactions`: the viewer's transactions, newest first."""

import re
from datetime import datetime
from typing import Annotated

import strawberry

from pocketpay import money
from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Context, Info
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, connection, requested_page
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction import Direction, Transaction, TransactionStatus, TransactionType
from pocketpay.identity.usernames import canonical
from pocketpay.transactions import history, visibility
from pocketpay.transactions.filter import EVERYTHING, NOTHING, Filter, Position
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Type

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
"""NUL and lone surrogates. PostgreSQL cannot store them, so no description contains them."""


@strawberry.input(
    description="Conditions for a list of transactions. An item must meet all of them. The server reads until the "
    "page is full, for up to a quarter of a second, which all filtered lists of one operation share. If that is not "
    "enough for a very long list, the page has fewer items than requested, or none, and hasNextPage is true. The "
    "next page continues where this one stopped."
)
class TransactionFilter:
    types: list[TransactionType] | None = strawberry.field(
        default=None, description="Only transactions of one of these types."
    )
    statuses: list[TransactionStatus] | None = strawberry.field(
        default=None, description="Only items with one of these statuses."
    )
    direction: Direction | None = strawberry.field(
        default=None, description="Only this direction, as the viewer sees it."
    )
    counterparty: str | None = strawberry.field(
        default=None, description='Only transactions with this user: a username, with or without "@".'
    )
    since: datetime | None = strawberry.field(
        default=None, description="Only transactions with createdAt at or after this time."
    )
    until: datetime | None = strawberry.field(
        default=None, description="Only transactions with createdAt before this time."
    )
    min_amount: Amount | None = strawberry.field(default=None, description="Only amounts from this one.")
    max_amount: Amount | None = strawberry.field(default=None, description="Only amounts up to this one.")
    search: str | None = strawberry.field(
        default=None,
        description="Only transactions with this text in the description; one character is enough. The search "
        "ignores case, character width, invisible characters and the encoding of accents.",
    )


async def viewers_transactions(
    info: Info,
    filter: Annotated[
        TransactionFilter | None, strawberry.argument(description="Conditions that the items must meet.")
    ] = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Transaction]:
    """A page of the viewer's transactions."""
    wallet_id = info.context.require_viewer().wallet_id
    listing = Listing("transactions", wallet_id, BY_MOMENT)
    page = requested_page(listing, first, after, last, before)
    conditions = await _conditions(info.context, filter)
    database = info.context.database
    read = await database.query(
        history.read,
        wallet_id,
        conditions,
        limit=page.fetch,
        older_than=Position.of(page.after),
        newer_than=Position.of(page.before),
        backwards=page.backward,
        time=info.context.reading_time,
    )

    async def counted() -> int | None:
        return await database.query(history.count, wallet_id, conditions)

    return connection(
        listing,
        page,
        read.transactions,
        place=history.position,
        node=lambda one: Transaction.of(one, wallet_id),
        counted=counted,
        stopped_at=read.stopped_at,
    )


async def _conditions(context: Context, given: TransactionFilter | None) -> Filter:
    """Converts the input filter for the viewer's wallet: usernames to wallet ids, amounts to the wallet's currency.

    Returns NOTHING for a filter that no transaction can match. Raises BadUserInput when an amount is out of range.
    """
    if given is None:
        return EVERYTHING
    resolver = context.services.desk.resolver
    counterparty = None
    if given.counterparty is not None:
        counterparty = await resolver.wallet_of(canonical(given.counterparty) or "")
        if counterparty is None:
            return NOTHING
    if given.search and _NOT_STORABLE.search(given.search):
        return NOTHING
    currency = await resolver.currency(context.require_viewer().wallet_id)
    return Filter(
        types=None if given.types is None else frozenset(Type[type.name] for type in given.types),
        statuses=None if given.statuses is None else frozenset(Status[status.name] for status in given.statuses),
        direction=None if given.direction is None else visibility.Direction[given.direction.name],
        counterparty=counterparty,
        since=given.since,
        until=given.until,
        minimum=_amount(given.min_amount, currency, "minAmount"),
        maximum=_amount(given.max_amount, currency, "maxAmount"),
        search=given.search or None,
    )


def _amount(raw_amount: Amount | None, currency: str, field: str) -> money.Money | None:
    """Parses an amount of the filter; zero is allowed. Raises BadUserInput when it is out of range."""
    if raw_amount is None:
        return None
    if not raw_amount.strip("0."):
        return money.Money(0, currency)
    try:
        return money.parse(raw_amount, currency)
    except money.AmountOutOfRange as wrong:
        raise BadUserInput(f"An amount of the filter {wrong}.", at=("filter", field)) from None
