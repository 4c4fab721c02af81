"""The refusals to create a money request.

Refusal
├── PayerNotFound(field, username)               RECIPIENT_NOT_FOUND: unknown, closed, or frozen for all payments
├── TooManyOpenRequests(field, username, most)   RATE_LIMITED: open requests to one person
└── TooManyRequests(most)                        RATE_LIMITED: requests within 24 hours
"""

from pocketpay.errors import Refusal


class PayerNotFound(Refusal):
    """No user with this username can receive a money request. `username` is "" if the input is not a username."""

    code = "RECIPIENT_NOT_FOUND"

    def __init__(self, field: str, username: str) -> None:
        super().__init__(field, username)
        self.field, self.username = field, username

    @property
    def problem(self) -> str:
        return f"@{self.username} cannot be asked for money now" if self.username else "That is not a valid username"


class TooManyOpenRequests(Refusal):
    """The payer with this username already has `most` open requests from the viewer."""

    code = "RATE_LIMITED"

    def __init__(self, field: str, username: str, most: int) -> None:
        super().__init__(field, username, most)
        self.field, self.username, self.most = field, username, most


class TooManyRequests(Refusal):
    """The wallet would have created more than `most` requests within 24 hours."""

    code = "RATE_LIMITED"

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most
