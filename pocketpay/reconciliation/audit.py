"""The audit's proofs about reconciliation. Open differences are no findings: the audit shows them beside its result."""

from pocketpay.reconciliation.repository.proofs import PROOFS

__all__ = ["PROOFS"]
