"""The audit's proofs about bank accounts, the orders through them, and returns. A return that is not in the books yet
is no finding: operators see it in `openBankReturns`."""

from pocketpay.bank_accounts.repository.proofs import PROOFS

__all__ = ["PROOFS"]
