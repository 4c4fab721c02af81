"""The audit's proofs that read transactions: holds, legs, keys, times, closed wallets; and the search for the rows of
an incremental audit."""

from pocketpay.transactions.repository.added import find, incremental
from pocketpay.transactions.repository.proofs import PROOFS

__all__ = ["PROOFS", "find", "incremental"]
