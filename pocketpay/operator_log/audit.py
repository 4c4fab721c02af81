"""The audit's proofs about the operator log."""

from pocketpay.operator_log.repository.proofs import PROOFS

__all__ = ["PROOFS"]
