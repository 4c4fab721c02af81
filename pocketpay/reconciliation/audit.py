"""The audit's proofs about reconciliation. Open differences are no findings: `pocketpay audit` prints them."""

from pocketpay.reconciliation.repository.proofs import PROOFS

__all__ = ["PROOFS"]
