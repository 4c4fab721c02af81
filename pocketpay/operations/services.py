"""The services that the operators' endpoints use, created once for each server."""

from dataclasses import dataclass

from pocketpay.clearing.policy import PolicyInForce
from pocketpay.operations.audits import Audits


@dataclass(frozen=True, slots=True)
class OperatorServices:
    """This server's audits, and the risk policy that is in force on it."""

    audits: Audits
    policy: PolicyInForce
