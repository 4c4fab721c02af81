"""The table of risk settings: what operators have set over the environment's."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from pocketpay.database.models import SQLModel, datetime, moment
from pocketpay.risk.rules import SETTINGS


class RiskSettingRow(SQLModel, table=True):
    """One setting, its value written as the environment writes it."""

    __tablename__ = "risk_settings"
    __table_args__ = (CheckConstraint(f"name in {tuple(SETTINGS)}", name="name_known"),)

    name: str = Field(primary_key=True)
    value: str
    updated_at: datetime = moment()
