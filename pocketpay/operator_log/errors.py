"""Why an act is refused because of the operator.

Refusal
└── OwnWallet(field)    FORBIDDEN: an operator acts on their own wallet
"""

from pocketpay.errors import Refusal


class OwnWallet(Refusal):
    """An operator may not act on their own wallet; another operator must."""

    code = "FORBIDDEN"

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field
