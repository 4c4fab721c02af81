"""BAD_USER_INPUT: values of a request that are malformed, or do not go together."""

from collections.abc import Sequence

from graphql import GraphQLError

BAD_USER_INPUT = "BAD_USER_INPUT"


class BadUserInput(GraphQLError):
    """Values that are malformed or do not go together. The message must not repeat them.

    `at` is where the value stands: an argument's name, then the fields and indexes within it.
    """

    def __init__(self, message: str, *, at: Sequence[str | int] = ()) -> None:
        place = {"inputPath": [*at]} if at else {}
        super().__init__(message, extensions={"code": BAD_USER_INPUT, **place})
