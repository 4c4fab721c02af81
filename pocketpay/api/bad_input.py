"""BAD_USER_INPUT: values of a request that are malformed, or do not go together."""

from graphql import GraphQLError

BAD_USER_INPUT = "BAD_USER_INPUT"


class BadUserInput(GraphQLError):
    """Values that are malformed or do not go together. The message must not repeat them."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": BAD_USER_INPUT})
