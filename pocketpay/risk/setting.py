"""The settings of risk that operators may set over the environment's."""

from enum import StrEnum


class RiskSettingName(StrEnum):
    """By their names in the environment, in lower case."""

    LARGE_TRANSFER_THRESHOLD = "large_transfer_threshold"
    LARGE_TRANSFER_ACTION = "large_transfer_action"
    NEW_RECIPIENT_ACTION = "new_recipient_action"
    RAPID_TRANSFER_COUNT = "rapid_transfer_count"
    RAPID_TRANSFER_WINDOW_MINUTES = "rapid_transfer_window_minutes"
    RAPID_TRANSFER_ACTION = "rapid_transfer_action"
