"""Why a request for money is refused.

Refusal
├── PayerNotFound(field, username)    RECIPIENT_NOT_FOUND: unknown, closed, or frozen for all
├── TooManyOpenRequests(field, most)  RATE_LIMITED: requests to one person
└── TooManyRequests(most)             RATE_LIMITED: requests within 24 hours
"""

from pocketpay.errors import Refusal


class PayerNotFound(Refusal):
    """Nobody of that username can be asked for money. `username` is "" where what was written is none."""

    code = "RECIPIENT_NOT_FOUND"

    def __init__(self, field: str, username: str) -> None:
        super().__init__(field, username)
        self.field, self.username = field, username

    @property
    def problem(self) -> str:
        return f"@{self.username} cannot be asked for money now" if self.username else "That is not a valid username"


class TooManyOpenRequests(Refusal):
    """Somebody who was asked has that many of the viewer's requests to answer already."""

    code = "RATE_LIMITED"

    def __init__(self, field: str, most: int) -> None:
        super().__init__(field, most)
        self.field, self.most = field, most


class TooManyRequests(Refusal):
    """The wallet would have asked more often than that within 24 hours."""

    code = "RATE_LIMITED"

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most
