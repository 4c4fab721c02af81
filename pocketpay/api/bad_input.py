"""BAD_USER_INPUT: the error for malformed values, or values that cannot be combined."""

from collections.abc import Sequence

from graphql import GraphQLError

BAD_USER_INPUT = "BAD_USER_INPUT"


class BadUserInput(GraphQLError):
    """A value is malformed, or values cannot be combined. The message must not repeat the value.

    `at` is the path of the value: an argument's name, then the fields and indexes within it.
    """

    def __init__(self, message: str, *, at: Sequence[str | int] = ()) -> None:
        place = {"inputPath": [*at]} if at else {}
        super().__init__(message, extensions={"code": BAD_USER_INPUT, **place})
