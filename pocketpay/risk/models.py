"""The table of risk settings by which operators override the environment's settings."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from pocketpay.database.models import SQLModel, datetime, moment
from pocketpay.risk.rules import SETTINGS


class RiskSettingRow(SQLModel, table=True):
    """One setting. Its value has the same text form as in the environment."""

    __tablename__ = "risk_settings"
    __table_args__ = (CheckConstraint(f"name in {tuple(SETTINGS)}", name="name_known"),)

    name: str = Field(primary_key=True)
    value: str
    updated_at: datetime = moment()
