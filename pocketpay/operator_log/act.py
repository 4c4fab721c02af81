"""What an operator did, as the record of it keeps it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pocketpay.operator_log.errors import OwnWallet


class Action(StrEnum):
    """What operators can do that is recorded."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    REVERSE = "reverse"
    SET_RISK = "set_risk"
    CLEAR_RISK = "clear_risk"
    GRANT_ROLE = "grant_role"
    REVOKE_ROLE = "revoke_role"
    BEGIN_RECOVERY = "begin_recovery"
    VERIFY_EMAIL = "verify_email"
    END_SESSIONS = "end_sessions"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts: a user with the role, or with `user_id` None whoever runs the command line, by their login name.

    `wallet_id` is the wallet of that user. The command line has none, and the log does not keep it.
    """

    user_id: UUID | None
    name: str
    wallet_id: UUID | None = None

    def require_no_interest(self, *wallet_ids: UUID | None, field: str) -> None:
        """Raises OwnWallet when one of those wallets is the operator's own. `field` names the input that chose it."""
        if self.wallet_id is not None and self.wallet_id in wallet_ids:
            raise OwnWallet(field)


@dataclass(frozen=True, slots=True)
class Act:
    """One act, and why. `facts` is what it was about beyond the ids, JSON's types only."""

    id: UUID
    operator: Operator
    action: Action
    reason: str
    wallet_id: UUID | None = None
    transaction_id: UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """An act as the record has it."""

    act: Act
    created_at: datetime
