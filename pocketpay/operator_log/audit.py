"""What the audit proves about the operators' log."""

from pocketpay.operator_log.repository.proofs import PROOFS

__all__ = ["PROOFS"]
