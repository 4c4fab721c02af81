"""The refusals to link a bank account or to use one. They hold facts; the messages are written elsewhere.

Refusal
├── TooManyBankAccounts(most)      RATE_LIMITED: the wallet already has the maximum of open bank accounts
├── BankAccountPending             BANK_ACCOUNT_PENDING: the customer or the provider has not finished
├── BankAccountEnded(status)       BANK_ACCOUNT_UNUSABLE: the account failed, was removed, or is of another provider
├── WrongBankUse(use)              BANK_ACCOUNT_UNUSABLE: the account cannot be used for this
└── BankNotReachable               BANK_UNAVAILABLE: the provider did not answer in time
"""

from pocketpay.banking.bank import BankUse
from pocketpay.errors import Refusal

FIELD = "bankAccountId"


class TooManyBankAccounts(Refusal):
    code = "RATE_LIMITED"

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class BankAccountPending(Refusal):
    code = "BANK_ACCOUNT_PENDING"
    field = FIELD


class BankAccountEnded(Refusal):
    code = "BANK_ACCOUNT_UNUSABLE"
    field = FIELD


class WrongBankUse(Refusal):
    """The bank account cannot be used for a deposit, or not for a withdrawal."""

    code = "BANK_ACCOUNT_UNUSABLE"
    field = FIELD

    def __init__(self, use: BankUse) -> None:
        super().__init__(use)
        self.use = use


class BankNotReachable(Refusal):
    code = "BANK_UNAVAILABLE"
