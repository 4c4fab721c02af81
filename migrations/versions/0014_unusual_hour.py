"""The settings of the risk rule "unusual hour", which operators can override too.

A server of the previous revision ignores a setting that it does not know, so the rule applies only on servers of this
revision. Switch it on when all servers have this revision.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NAMES = (
    "large_transfer_threshold",
    "large_transfer_action",
    "new_recipient_action",
    "rapid_transfer_count",
    "rapid_transfer_window_minutes",
    "rapid_transfer_action",
    "unusual_hour_from",
    "unusual_hour_until",
    "unusual_hour_threshold",
    "unusual_hour_action",
)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_risk_settings_name_known"), "risk_settings")
    op.create_check_constraint(op.f("ck_risk_settings_name_known"), "risk_settings", f"name in {NAMES}")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
