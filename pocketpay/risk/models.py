"""The table of risk settings: what operators have set over the environment's."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from pocketpay.database.models import SQLModel, datetime, moment

NAMES = (
    "large_transfer_threshold",
    "large_transfer_action",
    "new_recipient_action",
    "rapid_transfer_count",
    "rapid_transfer_window_minutes",
    "rapid_transfer_action",
)
"""The settings of the environment that a row may override, in lower case."""


class RiskSettingRow(SQLModel, table=True):
    """One setting, its value written as the environment writes it."""

    __tablename__ = "risk_settings"
    __table_args__ = (CheckConstraint(f"name in {NAMES}", name="name_known"),)

    name: str = Field(primary_key=True)
    value: str
    updated_at: datetime = moment()
