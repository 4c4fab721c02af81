"""Ids as clients see them: TypeIDs, "transaction_01k…". Inside there are only UUIDs.

Each prefix names one GraphQL type: `node(id:)` finds a thing by it, and a client's cache keeps things of two types
apart. An operator sees the same user, wallet, transaction or session as its owner does, by an id of its own with the
same UUID (decision 39). An id that was given once is accepted for ever.

What does not parse, or has another prefix than the one expected, is like an id of nothing: null from a query,
NOT_FOUND from a mutation.
"""

from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry
from typeid import TypeID
from typeid.codecs import base32
from typeid.errors import TypeIDException

from pocketpay.transactions.errors import NotFound

USER = "user"
PROFILE = "profile"
WALLET = "wallet"
SESSION = "session"
TRANSACTION = "transaction"
ENTRY = "entry"
REQUEST = "request"
CARD = "card"
CUSTOMER = "customer"
CUSTOMER_WALLET = "customer_wallet"
CUSTOMER_TRANSACTION = "customer_transaction"
CUSTOMER_SESSION = "customer_session"
ACT = "act"

LONGEST = 64
"""Characters; the longest of ours has 47. Anything longer is not looked at."""

CardId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The id of the card.")]
RequestId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The id of the money request.")]
TransactionId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The id of the transaction.")]
HeldPaymentId: TypeAlias = Annotated[
    strawberry.ID, strawberry.argument(description="The id of the payment that waits for confirmation.")
]


def encode(prefix: str, id: UUID) -> strawberry.ID:
    """The id of that thing outside."""
    return strawberry.ID(f"{prefix}_{base32.encode(id.bytes)}")


def decode(prefix: str, text: str) -> UUID | None:
    """The UUID in an id with that prefix, or None when it is malformed or of another kind."""
    if not text.startswith(prefix + "_"):
        return None
    split = split_prefix(text)
    return split[1] if split is not None and split[0] == prefix else None


def require(prefix: str, text: str) -> UUID:
    """The UUID in the id that a mutation is about. Raises NotFound when it is malformed or of another kind."""
    id = decode(prefix, text)
    if id is None:
        raise NotFound(thing="money request" if prefix == REQUEST else prefix)
    return id


def split_prefix(text: str) -> tuple[str, UUID] | None:
    """An id's prefix and UUID, or None when it is malformed."""
    if len(text) > LONGEST:
        return None
    try:
        parsed = TypeID.from_string(text)
    except TypeIDException:
        return None
    # The library has a UUID class of its own that equals no uuid.UUID.
    return parsed.prefix, UUID(bytes=parsed.uuid_bytes)
