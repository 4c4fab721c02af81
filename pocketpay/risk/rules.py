"""The register of all risk rules, in the order in which their reasons are listed.

The settings, the messages and the policy are built from this register. See "Adding a risk rule" in
docs/architecture.md.
"""

from pydantic.fields import FieldInfo

from pocketpay.risk.large_transfer import LargeTransfer, LargeTransferSettings
from pocketpay.risk.new_recipient import NewRecipient, NewRecipientSettings
from pocketpay.risk.rapid_transfers import RapidTransfers, RapidTransfersSettings
from pocketpay.risk.rule import Rule
from pocketpay.risk.unusual_hour import UnusualHour, UnusualHourSettings


class RiskSettings(LargeTransferSettings, NewRecipientSettings, RapidTransfersSettings, UnusualHourSettings):
    """The settings of all rules. `pocketpay.settings.Settings` inherits them."""


RULES: tuple[type[Rule[RiskSettings]], ...] = (LargeTransfer, NewRecipient, RapidTransfers, UnusualHour)

SETTINGS: dict[str, FieldInfo] = {name: field for rule in RULES for name, field in rule.settings.model_fields.items()}
"""The settings of all rules by name, in the order of the rules."""

RULES_BY_NAME: dict[str, type[Rule[RiskSettings]]] = {rule.name: rule for rule in RULES}
"""Each rule by its name. A stored reason may have a name that is not here: a newer server may have more rules."""
