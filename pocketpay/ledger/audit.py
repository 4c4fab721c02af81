"""The proof of laws 1 to 4, from the entries alone."""

from pocketpay.ledger.repository.proofs import PROOFS

__all__ = ["PROOFS"]
