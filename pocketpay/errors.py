"""The roots of everything that can go wrong on purpose.

    PocketPayError
    ├── Refusal          an answer: what was asked breaks a rule; nothing has changed
    ├── AccessDenied     an answer: whoever asks may not
    └── BooksDisagree    an alarm: an invariant of the books does not hold; nobody catches it

Only the base classes are here. Each package defines its own refusals, which carry facts and no sentences:
`api/errors.py` puts them into words.
"""

from typing import ClassVar


class PocketPayError(Exception):
    """Everything this product raises on purpose."""


class Refusal(PocketPayError):
    """A request that breaks a rule of the product.

    `code` is the stable code clients see (an `ErrorCode` of the schema). `field` names the input field
    the refusal is about, in the schema's spelling (`amount`, `to`, `idempotencyKey`), or is None.
    """

    code: ClassVar[str]
    field: str | None = None


class AccessDenied(PocketPayError):
    """Whoever asks may not: not signed in, or not allowed."""


class BooksDisagree(PocketPayError):
    """An invariant of the books does not hold. Raised to stop everything; never caught to go on."""
