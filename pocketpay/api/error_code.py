"""The codes of refusals, which clients build on."""

from enum import Enum

import strawberry


@strawberry.enum(description="Why something was refused. Codes are stable: build on them, not on the message.")
class ErrorCode(Enum):
    INVALID_INPUT = strawberry.enum_value("INVALID_INPUT", description="A text breaks its rule; the path says which.")
    INVALID_AMOUNT = strawberry.enum_value(
        "INVALID_AMOUNT", description="An amount is zero, too exact for its currency, or too large."
    )
    INVALID_CREDENTIALS = strawberry.enum_value(
        "INVALID_CREDENTIALS", description="No such user, or the password is wrong; which of both is not said."
    )
    INVALID_TOKEN = strawberry.enum_value(
        "INVALID_TOKEN", description="The refresh token is unknown, used up, expired or revoked: sign in again."
    )
    INVALID_CODE = strawberry.enum_value(
        "INVALID_CODE",
        description="The code, or the token of a link, is wrong, used or expired: request another.",
    )
    EMAIL_NOT_VERIFIED = strawberry.enum_value(
        "EMAIL_NOT_VERIFIED", description="The customer has no verified email address to which mail could be sent."
    )
    MAIL_UNAVAILABLE = strawberry.enum_value("MAIL_UNAVAILABLE", description="This server sends no mail.")
    TEXT_MESSAGES_UNAVAILABLE = strawberry.enum_value(
        "TEXT_MESSAGES_UNAVAILABLE", description="This server sends no text messages."
    )
    WEAK_PASSWORD = strawberry.enum_value(
        "WEAK_PASSWORD", description="The password is shorter than 12 characters, longer than 256, or a common one."
    )
    USERNAME_TAKEN = strawberry.enum_value("USERNAME_TAKEN", description="Somebody else has this username.")
    EMAIL_TAKEN = strawberry.enum_value("EMAIL_TAKEN", description="Somebody else has verified this email address.")
    PHONE_TAKEN = strawberry.enum_value("PHONE_TAKEN", description="Somebody else has verified this phone number.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="There is none, or it belongs to somebody else.")
    RECIPIENT_NOT_FOUND = strawberry.enum_value(
        "RECIPIENT_NOT_FOUND", description="Nobody of this username can be paid now, or asked for money."
    )
    SELF_TRANSFER = strawberry.enum_value("SELF_TRANSFER", description="The viewer is on both sides.")
    CURRENCY_MISMATCH = strawberry.enum_value(
        "CURRENCY_MISMATCH", description="The two wallets have different currencies."
    )
    INSUFFICIENT_FUNDS = strawberry.enum_value(
        "INSUFFICIENT_FUNDS", description="More was asked than is available; both amounts are in the error."
    )
    LIMIT_EXCEEDED = strawberry.enum_value("LIMIT_EXCEEDED", description="A limit of the last 24 hours is used up.")
    TOO_MANY_PENDING = strawberry.enum_value(
        "TOO_MANY_PENDING", description="Too many payments await confirmation: confirm or cancel some first."
    )
    RISK_BLOCKED = strawberry.enum_value("RISK_BLOCKED", description="A rule of risk blocks this payment.")
    BANK_DECLINED = strawberry.enum_value("BANK_DECLINED", description="The bank said no; no money has moved.")
    BALANCE_NOT_ZERO = strawberry.enum_value(
        "BALANCE_NOT_ZERO", description="The wallet still has money, or payments under way."
    )
    WRONG_STATE = strawberry.enum_value(
        "WRONG_STATE", description="Its state does not allow this; the state is in the error."
    )
    WALLET_FROZEN = strawberry.enum_value(
        "WALLET_FROZEN", description="The viewer's wallet is frozen; for an operator, the customer's."
    )
    WALLET_CLOSED = strawberry.enum_value("WALLET_CLOSED", description="The wallet is closed, for good.")
    CARD_FROZEN = strawberry.enum_value("CARD_FROZEN", description="The card is frozen.")
    CARD_CLOSED = strawberry.enum_value("CARD_CLOSED", description="The card is closed for good.")
    CARD_EXPIRED = strawberry.enum_value("CARD_EXPIRED", description="The card is past its expiry.")
    CARD_LIMIT_EXCEEDED = strawberry.enum_value(
        "CARD_LIMIT_EXCEEDED", description="The payment is above one of the card's own limits."
    )
    ALREADY_REFUNDED = strawberry.enum_value("ALREADY_REFUNDED", description="All of it has been refunded before.")
    REFUND_TOO_LARGE = strawberry.enum_value(
        "REFUND_TOO_LARGE", description="The refund is above what is left of the original."
    )
    IDEMPOTENCY_KEY_REUSED = strawberry.enum_value(
        "IDEMPOTENCY_KEY_REUSED", description="The key was used before with another input."
    )
    FORBIDDEN = strawberry.enum_value(
        "FORBIDDEN",
        description="An operator may not act on their own account, wallet or transactions: another one may.",
    )
    RATE_LIMITED = strawberry.enum_value(
        "RATE_LIMITED", description="Too often in too short a time, or too many at once: try again later."
    )
