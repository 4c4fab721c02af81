"""The stable codes of refusals, for use in clients."""

from enum import Enum

import strawberry


@strawberry.enum(description="Why a request was refused. Codes are stable: use them in clients, not the message.")
class ErrorCode(Enum):
    INVALID_INPUT = strawberry.enum_value(
        "INVALID_INPUT", description="A value is not valid. The path names the field."
    )
    INVALID_AMOUNT = strawberry.enum_value(
        "INVALID_AMOUNT", description="An amount is zero, too large, or has too many decimals for its currency."
    )
    INVALID_CREDENTIALS = strawberry.enum_value(
        "INVALID_CREDENTIALS", description="The login or the password is wrong. The error does not say which."
    )
    INVALID_TOKEN = strawberry.enum_value(
        "INVALID_TOKEN", description="The refresh token is unknown, used, expired or revoked. Sign in again."
    )
    INVALID_CODE = strawberry.enum_value(
        "INVALID_CODE",
        description="The code or the token of the link is wrong, used or expired. Request a new one.",
    )
    EMAIL_NOT_VERIFIED = strawberry.enum_value(
        "EMAIL_NOT_VERIFIED", description="The customer has no verified email address, so no mail can be sent."
    )
    MAIL_UNAVAILABLE = strawberry.enum_value("MAIL_UNAVAILABLE", description="This server sends no mail.")
    TEXT_MESSAGES_UNAVAILABLE = strawberry.enum_value(
        "TEXT_MESSAGES_UNAVAILABLE", description="This server sends no text messages."
    )
    WEAK_PASSWORD = strawberry.enum_value(
        "WEAK_PASSWORD",
        description="The password has fewer than 12 characters or more than 256, or it is a common password.",
    )
    USERNAME_TAKEN = strawberry.enum_value("USERNAME_TAKEN", description="Another user has, or had, this username.")
    EMAIL_TAKEN = strawberry.enum_value("EMAIL_TAKEN", description="Another user has verified this email address.")
    PHONE_TAKEN = strawberry.enum_value("PHONE_TAKEN", description="Another user has verified this phone number.")
    NOT_FOUND = strawberry.enum_value(
        "NOT_FOUND", description="The object does not exist, or it belongs to another user."
    )
    RECIPIENT_NOT_FOUND = strawberry.enum_value(
        "RECIPIENT_NOT_FOUND", description="No user with this username can be paid or asked for money now."
    )
    SELF_TRANSFER = strawberry.enum_value("SELF_TRANSFER", description="The viewer is both sender and recipient.")
    CURRENCY_MISMATCH = strawberry.enum_value(
        "CURRENCY_MISMATCH", description="The two wallets have different currencies."
    )
    INSUFFICIENT_FUNDS = strawberry.enum_value(
        "INSUFFICIENT_FUNDS", description="The payment needs more than is available. The error has both amounts."
    )
    LIMIT_EXCEEDED = strawberry.enum_value(
        "LIMIT_EXCEEDED", description="The payment would exceed a limit of the last 24 hours."
    )
    TOO_MANY_PENDING = strawberry.enum_value(
        "TOO_MANY_PENDING", description="Too many payments wait for confirmation. Confirm or cancel some first."
    )
    RISK_BLOCKED = strawberry.enum_value("RISK_BLOCKED", description="A risk rule blocks this payment.")
    BANK_DECLINED = strawberry.enum_value(
        "BANK_DECLINED", description="The bank declined the deposit or withdrawal. No money has moved."
    )
    BANK_ACCOUNT_PENDING = strawberry.enum_value(
        "BANK_ACCOUNT_PENDING", description="The bank account is not active yet. Wait until it is active."
    )
    BANK_ACCOUNT_UNUSABLE = strawberry.enum_value(
        "BANK_ACCOUNT_UNUSABLE",
        description="The bank account failed, was removed, or cannot be used in this direction.",
    )
    BANK_UNAVAILABLE = strawberry.enum_value(
        "BANK_UNAVAILABLE", description="The bank did not answer in time. Try again with the same key."
    )
    BALANCE_NOT_ZERO = strawberry.enum_value(
        "BALANCE_NOT_ZERO", description="The wallet still has money, or payments that are not finished."
    )
    WRONG_STATE = strawberry.enum_value(
        "WRONG_STATE", description="The current status does not allow this operation. The error has the status."
    )
    WALLET_FROZEN = strawberry.enum_value(
        "WALLET_FROZEN", description="The viewer's wallet is frozen. For operators: the customer's wallet is frozen."
    )
    WALLET_CLOSED = strawberry.enum_value("WALLET_CLOSED", description="The wallet is closed permanently.")
    CARD_FROZEN = strawberry.enum_value("CARD_FROZEN", description="The card is frozen.")
    CARD_CLOSED = strawberry.enum_value("CARD_CLOSED", description="The card is closed permanently.")
    CARD_EXPIRED = strawberry.enum_value("CARD_EXPIRED", description="The card has expired.")
    CARD_LIMIT_EXCEEDED = strawberry.enum_value(
        "CARD_LIMIT_EXCEEDED", description="The payment is above one of the card's own limits."
    )
    ALREADY_REFUNDED = strawberry.enum_value(
        "ALREADY_REFUNDED", description="The transaction is already fully refunded."
    )
    REFUND_TOO_LARGE = strawberry.enum_value(
        "REFUND_TOO_LARGE", description="The refund is larger than the amount that is not refunded yet."
    )
    IDEMPOTENCY_KEY_REUSED = strawberry.enum_value(
        "IDEMPOTENCY_KEY_REUSED", description="The idempotency key was used before with a different input."
    )
    FORBIDDEN = strawberry.enum_value(
        "FORBIDDEN",
        description="Operators cannot act on their own account, wallet or transactions. Another operator must do it.",
    )
    RATE_LIMITED = strawberry.enum_value(
        "RATE_LIMITED",
        description="Too many requests in a short time, too many open cards or bank accounts, or too many money "
        "requests. Try again later.",
    )
