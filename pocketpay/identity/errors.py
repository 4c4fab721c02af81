"""Why identity refuses. Facts, not sentences.

Refusal
├── InvalidProfile(field, problem)    INVALID_INPUT
├── WeakPassword(weakness)            WEAK_PASSWORD
├── UsernameTaken                     USERNAME_TAKEN
├── EmailTaken, PhoneTaken            EMAIL_TAKEN, PHONE_TAKEN
├── InvalidCredentials                INVALID_CREDENTIALS: no such user, or another password; never which
├── WrongPassword(field)              INVALID_CREDENTIALS: of somebody signed in, whose password was asked again
├── InvalidToken                      INVALID_TOKEN: a refresh token that is none, ended, or used before
├── InvalidCode(field)                INVALID_CODE: a code or a link that is none, expired, or used before
├── EmailMissing, PhoneMissing        INVALID_INPUT: they have given no address or number that could be verified
├── MailUnavailable                   MAIL_UNAVAILABLE: this server sends no mail
├── TextMessagesUnavailable           TEXT_MESSAGES_UNAVAILABLE: this server sends no text messages
├── NoSuchSession                     NOT_FOUND: none, or somebody else's
└── RateLimited(retry_after_seconds)  RATE_LIMITED

AccessDenied
├── Unauthenticated                   nobody is signed in
└── Forbidden                         signed in, and not allowed

AlreadyThere                          a unique value of a new user is taken, or this user has been written before
"""

from enum import StrEnum

from pocketpay.errors import AccessDenied, PocketPayError, Refusal


class InvalidProfile(Refusal):
    """Something about a person that breaks its rule. `problem` says which, in words that follow the field's name."""

    code = "INVALID_INPUT"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem


class Weakness(StrEnum):
    """What is wrong with a password."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"
    GUESSABLE = "guessable"


_PROBLEMS = {
    Weakness.TOO_SHORT: "must have at least 12 characters",
    Weakness.TOO_LONG: "must have at most 256 characters",
    Weakness.UNREADABLE: "has invalid characters",
    Weakness.GUESSABLE: "is too common",
}


class WeakPassword(Refusal):
    """A new password that would not protect anything. `problem` follows the field's name."""

    code = "WEAK_PASSWORD"

    def __init__(self, weakness: Weakness, field: str = "password") -> None:
        super().__init__(weakness, field)
        self.weakness, self.field = weakness, field

    @property
    def problem(self) -> str:
        return _PROBLEMS[self.weakness]


class UsernameTaken(Refusal):
    code = "USERNAME_TAKEN"
    field = "username"


class EmailTaken(Refusal):
    code = "EMAIL_TAKEN"
    field = "email"


class PhoneTaken(Refusal):
    code = "PHONE_TAKEN"
    field = "phone"


TAKEN: dict[str, type[Refusal]] = {"username": UsernameTaken, "email": EmailTaken, "phone": PhoneTaken}
"""By the name of the column."""


class InvalidCredentials(Refusal):
    code = "INVALID_CREDENTIALS"


class WrongPassword(Refusal):
    """Somebody who is signed in was asked for their password again, and gave none or another one."""

    code = "INVALID_CREDENTIALS"

    def __init__(self, field: str = "currentPassword") -> None:
        super().__init__(field)
        self.field = field


class InvalidToken(Refusal):
    code = "INVALID_TOKEN"
    field = "refreshToken"


class InvalidCode(Refusal):
    """A one-time code, or the token of a link, that proves nothing: why is not said."""

    code = "INVALID_CODE"

    def __init__(self, field: str = "code") -> None:
        super().__init__(field)
        self.field = field


class EmailMissing(Refusal):
    code = "INVALID_INPUT"


class PhoneMissing(Refusal):
    code = "INVALID_INPUT"


class MailUnavailable(Refusal):
    code = "MAIL_UNAVAILABLE"


class TextMessagesUnavailable(Refusal):
    code = "TEXT_MESSAGES_UNAVAILABLE"


class NoSuchSession(Refusal):
    code = "NOT_FOUND"
    field = "id"


class RateLimited(Refusal):
    """Too often. Asking again is useful `retry_after_seconds` from now, and not before."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class Unauthenticated(AccessDenied):
    """Nobody is signed in: no token, a bad one, or one that has expired."""


class Forbidden(AccessDenied):
    """Somebody is signed in, and may not."""


class AlreadyThere(PocketPayError):
    """A unique value of a new user is taken: by another user, or by our own earlier try to write this one."""
