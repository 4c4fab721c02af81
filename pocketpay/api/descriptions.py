"""The descriptions of fields that several inputs or payloads have."""

from pocketpay.payments.parsing import KEY_LENGTH

IDEMPOTENCY_KEY = (
    f"{KEY_LENGTH[0]} to {KEY_LENGTH[1]} characters of your choice. "
    "A request repeated with the same key and the same input is carried out once."
)
AMOUNT = "How much, in the wallet's currency; above zero."
DESCRIPTION = "What it is for: one line of 1 to 500 characters."
OPTIONAL_DESCRIPTION = "What it is for: one line of at most 500 characters; it may be empty."
RECIPIENT = 'The recipient\'s username, with or without "@".'
REASON = "Why, for the record: 1 to 500 characters on one line."
NEW_PASSWORD = "12 to 256 characters of any kind, and not one that a guesser tries first."  # noqa: S105 - only about one
ERRORS = "Why it was refused; empty when it was not."
