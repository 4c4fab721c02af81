"""Why an operator cannot help a customer.

Refusal
├── EmailNotVerified    EMAIL_NOT_VERIFIED: a mail might reach a stranger
├── CustomerFrozen      WALLET_FROZEN: the customer is locked out on purpose
├── NoEmail             INVALID_INPUT: the customer has no email address
└── NotTheirEmail       INVALID_INPUT: the customer has another email address
"""

from pocketpay.errors import Refusal


class EmailNotVerified(Refusal):
    code = "EMAIL_NOT_VERIFIED"
    field = "customer"


class CustomerFrozen(Refusal):
    code = "WALLET_FROZEN"
    field = "customer"


class NoEmail(Refusal):
    code = "INVALID_INPUT"
    field = "customer"


class NotTheirEmail(Refusal):
    code = "INVALID_INPUT"
    field = "email"
