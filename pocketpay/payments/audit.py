"""The proof of what needs transactions: holds, legs, keys, times."""

from pocketpay.payments.repository.proofs import PROOFS

__all__ = ["PROOFS"]
