"""Why an operator's act is refused because of who they are.

Refusal
└── OwnWallet(field)    FORBIDDEN: an operator acts on their own wallet
"""

from pocketpay.errors import Refusal


class OwnWallet(Refusal):
    """An operator never decides about their own money: another operator does."""

    code = "FORBIDDEN"

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field
