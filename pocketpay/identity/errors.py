"""The refusals and errors of identity. They carry facts; api/ writes the messages.

Refusal
├── InvalidProfile(field, problem)    INVALID_INPUT
├── WeakPassword(weakness)            WEAK_PASSWORD
├── UsernameTaken                     USERNAME_TAKEN
├── EmailTaken, PhoneTaken            EMAIL_TAKEN, PHONE_TAKEN
├── InvalidCredentials                INVALID_CREDENTIALS: no such user, or a wrong password; both look the same
├── WrongPassword(field)              INVALID_CREDENTIALS: the current password of a signed-in user is wrong
├── InvalidToken                      INVALID_TOKEN: a refresh token that is unknown, ended, or used before
├── InvalidCode(field)                INVALID_CODE: a code or a link that is wrong, expired, or used before
├── EmailMissing, PhoneMissing        INVALID_INPUT: the user has no email address or phone number to verify
├── MailUnavailable                   MAIL_UNAVAILABLE: this server sends no mail
├── TextMessagesUnavailable           TEXT_MESSAGES_UNAVAILABLE: this server sends no text messages
├── NoSuchSession                     NOT_FOUND: no session has this id, or it is another user's
└── RateLimited(retry_after_seconds)  RATE_LIMITED

AccessDenied
├── Unauthenticated                   nobody is signed in
└── Forbidden                         the viewer is signed in but not allowed

AlreadyExists                         a unique value of a new user is taken, or an earlier try has written this user
"""

from enum import StrEnum

from pocketpay.errors import AccessDenied, PocketPayError, Refusal


class InvalidProfile(Refusal):
    """A field of a user breaks its rule. `problem` is the message without its subject, the field's name."""

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
    """A new password is too weak. `problem` is the message without its subject, the field's name."""

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
"""The refusal for each column whose value is taken."""


class InvalidCredentials(Refusal):
    code = "INVALID_CREDENTIALS"


class WrongPassword(Refusal):
    """A signed-in user had to give their password again, and gave none or a wrong one."""

    code = "INVALID_CREDENTIALS"

    def __init__(self, field: str = "currentPassword") -> None:
        super().__init__(field)
        self.field = field


class InvalidToken(Refusal):
    code = "INVALID_TOKEN"
    field = "refreshToken"


class InvalidCode(Refusal):
    """A one-time code, or the token of a link, is not valid. The client does not learn why."""

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
    """The caller has made too many requests and may try again after `retry_after_seconds`."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds

    @property
    def wait(self) -> str:
        return f"{self.retry_after_seconds} second{'' if self.retry_after_seconds == 1 else 's'}"


class Unauthenticated(AccessDenied):
    """Nobody is signed in: the token is missing, invalid or expired."""


class Forbidden(AccessDenied):
    """The viewer is signed in but not allowed to do this."""


class AlreadyExists(PocketPayError):
    """A unique value of a new user is taken, by another user or by an earlier try to write this user."""
