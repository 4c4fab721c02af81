"""The proofs of laws 1 to 4, computed from the entries."""

from pocketpay.ledger.repository.proofs import PROOFS

__all__ = ["PROOFS"]
