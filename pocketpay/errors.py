"""The base classes of every expected error.

    PocketPayError
    ├── Refusal          the request breaks a rule; nothing has changed; the client gets an answer
    ├── AccessDenied     the caller is not signed in or not allowed; the client gets an answer
    └── BooksDisagree    an invariant of the books does not hold: an alarm that no code may catch

Each package defines its own refusals. A refusal has facts and no message: `api/errors.py` writes the message.
For each place that raises a refusal, a test must fail when the place no longer raises it (decision 49).
"""

from typing import ClassVar


class PocketPayError(Exception):
    """The base class of every error that this product raises."""


class Refusal(PocketPayError):
    """A request that breaks a rule of the product.

    `code` is the stable code that clients see (an `ErrorCode` of the schema). `field` is the name of the refused
    input field, in the schema's spelling (`amount`, `to`, `idempotencyKey`), or None.
    """

    code: ClassVar[str]
    field: str | None = None


class AccessDenied(PocketPayError):
    """The caller is not signed in, or is not allowed to do this."""


class BooksDisagree(PocketPayError):
    """An invariant of the books does not hold. The operation must stop: no code may catch this and continue."""
