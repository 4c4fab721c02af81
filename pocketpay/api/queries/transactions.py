"""`Query.transactions`."""

import strawberry

from pocketpay.api.transactions import viewers_transactions

transactions = strawberry.field(
    resolver=viewers_transactions,
    name="transactions",
    description="The viewer's transactions, the newest first; one that is paid to them when it is completed.",
)
