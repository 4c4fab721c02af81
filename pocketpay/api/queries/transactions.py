"""The field `Query.transactions`."""

import strawberry

from pocketpay.api.transactions import viewers_transactions

transactions = strawberry.field(
    resolver=viewers_transactions,
    name="transactions",
    description="The viewer's transactions, newest first. An incoming payment appears when it is completed.",
)
