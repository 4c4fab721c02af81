"""An act of an operator, as the operator log records it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pocketpay.operator_log.errors import OwnWallet


class Action(StrEnum):
    """The recorded actions of operators. OTHER is never recorded: it stands for an action of a newer version."""

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
    RECONCILE = "reconcile"
    CLOSE_DIFFERENCE = "close_difference"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Self:
        """Returns OTHER for an action that only newer servers know, so that this one can list it."""
        return cls(cls.OTHER)


RECORDED = frozenset(Action) - {Action.OTHER}
"""The actions that this version records."""


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator who acts: a user with the operator role, or a person at the command line.

    At the command line, `user_id` and `wallet_id` are None and `name` is the login name. The log does not record
    `wallet_id`.
    """

    user_id: UUID | None
    name: str
    wallet_id: UUID | None = None

    def require_not_own_wallet(self, *wallet_ids: UUID | None, field: str) -> None:
        """Raises OwnWallet when one of the wallets is the operator's own; `field` is the input field that named
        it."""
        if self.wallet_id is not None and self.wallet_id in wallet_ids:
            raise OwnWallet(field)


@dataclass(frozen=True, slots=True)
class Act:
    """One act and its reason. `facts` holds its other data, in JSON types."""

    id: UUID
    operator: Operator
    action: Action
    reason: str
    wallet_id: UUID | None = None
    transaction_id: UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """An act in the operator log, with the time at which it was recorded."""

    act: Act
    created_at: datetime
