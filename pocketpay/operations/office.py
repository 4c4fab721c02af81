"""The office: what the doors of operators hold, one for each server."""

from dataclasses import dataclass

from pocketpay.operations.audits import Audits
from pocketpay.payments.policy import PolicyInForce


@dataclass(frozen=True, slots=True)
class Office:
    """This server's audits, and the risk policy that it decides by."""

    audits: Audits
    policy: PolicyInForce
