"""The register: every rule of risk, in the order in which reasons are told.

A rule that is not here does not exist; one that is here has its settings, its words and its place in the policy. See
"Adding a risk rule" in docs/architecture.md.
"""

from pydantic.fields import FieldInfo

from pocketpay.risk.large_transfer import LargeTransfer, LargeTransferSettings
from pocketpay.risk.new_recipient import NewRecipient, NewRecipientSettings
from pocketpay.risk.rapid_transfers import RapidTransfers, RapidTransfersSettings
from pocketpay.risk.rule import Rule
from pocketpay.risk.unusual_hour import UnusualHour, UnusualHourSettings


class RiskSettings(LargeTransferSettings, NewRecipientSettings, RapidTransfersSettings, UnusualHourSettings):
    """The settings of every rule. `pocketpay.settings.Settings` has them too."""


RULES: tuple[type[Rule[RiskSettings]], ...] = (LargeTransfer, NewRecipient, RapidTransfers, UnusualHour)

SETTINGS: dict[str, FieldInfo] = {name: field for rule in RULES for name, field in rule.settings.model_fields.items()}
"""The settings of every rule by name, in the order of the rules."""

NAMED: dict[str, type[Rule[RiskSettings]]] = {rule.name: rule for rule in RULES}
"""Each rule by its name. The name in a kept reason may be missing: a newer server has more rules."""
