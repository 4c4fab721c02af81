"""Descriptions of fields that several inputs or payloads share."""

from pocketpay.payments.parsing import KEY_LENGTH

IDEMPOTENCY_KEY = (
    f"A unique key that the client chooses: {KEY_LENGTH[0]} to {KEY_LENGTH[1]} characters. "
    "A request repeated with the same key and the same input is carried out once."
)
AMOUNT = "The amount in the wallet's currency; greater than zero."
DESCRIPTION = "What the money is for: one line of 1 to 500 characters."
OPTIONAL_DESCRIPTION = "What the money is for: one line of at most 500 characters. It can be empty."
RECIPIENT = 'The recipient\'s username, with or without "@".'
REASON = "The reason, kept in the operator log: one line of 1 to 500 characters."
NEW_PASSWORD = "12 to 256 characters of any kind; common passwords are refused."  # noqa: S105 - not a password
ERRORS = "Why the request was refused; empty on success."
