"""The audit's proofs that read transactions: holds, legs, keys, times, closed wallets."""

from pocketpay.transactions.repository.proofs import PROOFS

__all__ = ["PROOFS"]
