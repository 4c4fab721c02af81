"""Stripe's errors, with their status and body.

Refusal
    invalid            400  the parameters are wrong
    missing_object     404  no object has this id
    wrong_key          401
    no_access          403  the platform has no access to the account
    declined           402  the bank declined
    key_in_use         409  another request with this idempotency key is in progress
    reused_key         400  the idempotency key was used with other parameters
    too_many           429
    broken             500
"""

from typing import Any


class Refusal(Exception):
    """An error. `is_saved` says whether the idempotency layer saves it: errors of parameters and of conflicts are
    not saved, because the endpoint did not begin."""

    def __init__(self, status: int, type: str, message: str, *, is_saved: bool = False, **fields: Any) -> None:
        super().__init__(message)
        self.status, self.is_saved = status, is_saved
        self.body = {"error": {"type": type, "message": message} | {k: v for k, v in fields.items() if v is not None}}


def invalid(message: str, *, code: str | None = None, param: str | None = None, is_saved: bool = False) -> Refusal:
    return Refusal(400, "invalid_request_error", message, code=code, param=param, is_saved=is_saved)


def missing_object(kind: str, id: str, param: str = "id") -> Refusal:
    what = kind.replace(".", " ")
    return Refusal(404, "invalid_request_error", f"No such {what}: '{id}'", code="resource_missing", param=param)


def wrong_key(message: str) -> Refusal:
    return Refusal(401, "invalid_request_error", message)


def no_access(key: str, account: str) -> Refusal:
    return Refusal(
        403,
        "invalid_request_error",
        f"The provided key '{key[:7]}***' does not have access to account '{account}' (or that account does not "
        "exist). Application access may have been revoked.",
        code="account_invalid",
    )


def declined(code: str, message: str, **objects: Any) -> Refusal:
    return Refusal(402, "card_error", message, code=code, is_saved=True, **objects)


def key_in_use() -> Refusal:
    return Refusal(
        409,
        "idempotency_error",
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        "twice, and the other request is still going through): please try again later.",
        code="idempotency_key_in_use",
    )


def reused_key() -> Refusal:
    return Refusal(
        400,
        "idempotency_error",
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using "
        "a key other than the one given if you meant to execute a different request.",
    )


def too_many() -> Refusal:
    return Refusal(429, "invalid_request_error", "Too many requests hit the API too quickly.", code="rate_limit")


def broken() -> Refusal:
    return Refusal(500, "api_error", "An unknown error occurred.", is_saved=True)
