"""The proofs of laws 1 to 4, computed from the entries, and the SQL that reads the entries added since a
checkpoint."""

from pocketpay.ledger.repository.added import ACCOUNTS, LEGS
from pocketpay.ledger.repository.proofs import PROOFS

__all__ = ["ACCOUNTS", "LEGS", "PROOFS"]
