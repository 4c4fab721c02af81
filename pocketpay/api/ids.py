"""Ids as clients see them: TypeIDs like "transaction_01k…". Inside the server an id is a UUID.

Each prefix names one GraphQL type, so `node(id:)` knows the type to look up, and a client's cache keeps objects of
different types apart. Operators see users, wallets, transactions and sessions as types of their own: an id there has
another prefix and the same UUID (decision 39). An id never becomes invalid.

An id that does not parse, or has another prefix than expected, is treated like the id of an object that does not
exist: null from a query, NOT_FOUND from a mutation.

The commands for operators use this module too, so it does not import the schema's library.
"""

from typing import TYPE_CHECKING, cast
from uuid import UUID

from typeid import TypeID
from typeid.codecs import base32
from typeid.errors import TypeIDException

from pocketpay.database import uuids
from pocketpay.transactions.errors import NotFound

if TYPE_CHECKING:
    import strawberry

USER = "user"
PROFILE = "profile"
WALLET = "wallet"
SESSION = "session"
TRANSACTION = "transaction"
ENTRY = "entry"
REQUEST = "request"
CARD = "card"
BANK_ACCOUNT = "bank_account"
CUSTOMER = "customer"
CUSTOMER_WALLET = "customer_wallet"
CUSTOMER_TRANSACTION = "customer_transaction"
CUSTOMER_SESSION = "customer_session"
ACT = "act"
BANK_DIFFERENCE = "bank_difference"

THINGS = {REQUEST: "money request", BANK_DIFFERENCE: "difference"}
"""The names in messages of objects whose prefix is not a plain word."""

MAX_LENGTH = 64
"""Maximum number of characters of an id from a client. The longest id of this server has 47."""


def encode(prefix: str, id: UUID) -> "strawberry.ID":
    """The id for clients of the object with this UUID."""
    return cast("strawberry.ID", f"{prefix}_{base32.encode(id.bytes)}")


def decode(prefix: str, text: str) -> UUID | None:
    """The UUID in an id; None when the id is malformed or has another prefix."""
    if not text.startswith(prefix + "_"):
        return None
    split = split_prefix(text)
    return split[1] if split is not None and split[0] == prefix else None


def require(prefix: str, text: str) -> UUID:
    """The UUID in an id of a mutation. Raises NotFound when the id is malformed or has another prefix."""
    id = decode(prefix, text)
    if id is None:
        raise NotFound(thing=THINGS.get(prefix, prefix))
    return id


def bank_account(text: str) -> UUID:
    """The UUID in an input field `bankAccountId`. Raises NotFound like `require`, with the field's path."""
    id = decode(BANK_ACCOUNT, text)
    if id is None:
        raise NotFound("bankAccountId")
    return id


def split_prefix(text: str) -> tuple[str, UUID] | None:
    """The prefix and the UUID of an id; None when the id is malformed."""
    if len(text) > MAX_LENGTH:
        return None
    try:
        parsed = TypeID.from_string(text)
    except TypeIDException:
        return None
    # The library has a UUID class of its own, whose values never equal a uuid.UUID.
    return parsed.prefix, uuids.UUID(parsed.uuid_bytes)
