"""Top-level errors: what is wrong with a request itself, in `extensions.code`.

    UNAUTHENTICATED             nobody is signed in              (AccessDenied)
    FORBIDDEN                   an operator's field              (Forbidden)
    BAD_USER_INPUT              malformed values, arguments that do not go together
    GRAPHQL_PARSE_FAILED        not a document
    GRAPHQL_VALIDATION_FAILED   a document that this schema does not know
    QUERY_TOO_COMPLEX           a document past the limits
    DOCUMENT_NOT_FOUND          no trusted document has the id that a request names
    DOCUMENT_NOT_TRUSTED        a text that is no trusted document, where no other is answered
    PERSISTED_QUERY_NOT_SUPPORTED   a hash alone: the client sends the text then
    TOO_MANY_CHANGES            a subscriber missed more than is sent again: query the list
    RATE_LIMITED                too many requests
    SERVICE_BUSY                the database cannot be asked just now: ask again, a mutation with the same key
    INTERNAL                    everything else: masked, with the request id, logged once with its traceback

No error repeats a value that was sent: the one who typed a password into the wrong field finds it in no answer and
no log.
"""

import re
from collections.abc import Iterable
from typing import Any

import structlog
from graphql import DocumentNode, GraphQLError

from pocketpay.api.bad_input import BAD_USER_INPUT
from pocketpay.api.scalars import MalformedAmount, MalformedValue
from pocketpay.database.failures import ServiceBusy
from pocketpay.errors import AccessDenied
from pocketpay.identity.errors import Forbidden
from pocketpay.serving.input_paths import PLACE, in_document, in_message

UNAUTHENTICATED = "UNAUTHENTICATED"
FORBIDDEN = "FORBIDDEN"
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
TOO_COMPLEX = "QUERY_TOO_COMPLEX"
DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND"
DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
RATE_LIMITED = "RATE_LIMITED"
SERVICE_BUSY = "SERVICE_BUSY"
INTERNAL = "INTERNAL"

_BUSY = "The service is busy. Try again in a moment."
_BUSY_UNKNOWN = "The outcome is not known yet. Send the request again with the same idempotency key."
_SIGN_IN = "Sign in first."
_NOT_ALLOWED = "You are not allowed to do this."
UNREADABLE = "This value cannot be parsed."
_MASKED = "An internal error occurred. It has been logged."

log = structlog.get_logger(__name__)


class TooComplex(GraphQLError):
    """A document past one of the limits; the words say which, and what the limit is."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": TOO_COMPLEX})


def formatted(errors: Iterable[GraphQLError], code: str, request_id: str) -> list[dict[str, Any]]:
    """The errors as a client may see them. `code` is for those that say nothing of themselves.

    Their tracebacks are dropped: the frames refer to the errors and to the document, and all of it would wait for the
    garbage collector.
    """
    shown = []
    for error in errors:
        shown.append(_formatted(error, code, request_id))
        _drop_tracebacks(error)
    return shown


def _drop_tracebacks(error: BaseException) -> None:
    """Of an error and of those that it came from."""
    error.__traceback__ = None
    for cause in (error.__cause__, error.__context__, getattr(error, "original_error", None)):
        if cause is not None and cause.__traceback__ is not None:
            _drop_tracebacks(cause)


def coded(error: GraphQLError, code: str, document: DocumentNode | None = None) -> GraphQLError:
    """An error of a document as a client may see it: with its code, and without values.

    A malformed value keeps its cause, which has better words once the viewer's currency is known.
    """
    cause = _innermost(error)
    if isinstance(cause, MalformedValue):
        _drop_tracebacks(error)
        place = in_document(document, error.nodes[0]) if document is not None and error.nodes else None
        extensions = {"code": BAD_USER_INPUT} if place is None else {"code": BAD_USER_INPUT, "inputPath": place}
        return GraphQLError(
            str(cause), error.nodes, error.source, error.positions, original_error=cause, extensions=extensions
        )
    # Python reads no integer of more than 4,300 digits.
    if isinstance(cause, ValueError):
        return GraphQLError(UNREADABLE, error.nodes, error.source, error.positions, extensions={"code": code})
    message, extensions = _words(error, code, "")
    return GraphQLError(message, error.nodes, error.source, error.positions, extensions=extensions)


def _formatted(error: GraphQLError, code: str, request_id: str) -> dict[str, Any]:
    message, extensions = _words(error, code, request_id)
    if extensions["code"] == BAD_USER_INPUT and "inputPath" not in extensions:
        place = in_message(error.message)
        extensions |= {} if place is None else {"inputPath": place}
    shown: dict[str, Any] = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    shown["extensions"] = extensions
    return shown


def _words(error: GraphQLError, code: str, request_id: str) -> tuple[str, dict[str, Any]]:
    cause = _innermost(error)
    match cause:
        case MalformedValue():
            return _at(error, str(cause)), {**(error.extensions or {}), "code": BAD_USER_INPUT}
        case Forbidden():
            return _NOT_ALLOWED, {"code": FORBIDDEN}
        case AccessDenied():
            return _SIGN_IN, {"code": UNAUTHENTICATED}
        case ServiceBusy():
            words = _BUSY_UNKNOWN if cause.may_have_happened else _BUSY
            return words, {"code": SERVICE_BUSY}
    if error.extensions and "code" in error.extensions:
        return error.message, dict(error.extensions)
    if _is_the_clients(error, cause):
        return without_value(error.message), {"code": code}
    _note(error, cause, request_id)
    return _MASKED, {"code": INTERNAL, "requestId": request_id}


def in_currency(error: GraphQLError, currency: str) -> GraphQLError:
    """The same error, in words for that currency where it is about an Amount."""
    if not is_about_an_amount(error):
        return error
    better = MalformedAmount(currency)
    return GraphQLError(
        *(error.message, error.nodes, error.source, error.positions, error.path),
        original_error=better,
        extensions=error.extensions,
    )


def is_about_an_amount(error: GraphQLError) -> bool:
    """Whether its words depend on a currency."""
    return isinstance(_innermost(error), MalformedAmount)


def _innermost(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_the_clients(error: GraphQLError, cause: BaseException) -> bool:
    """Whether the request is at fault: graphql-core's own words about it, and not about what we answered."""
    if not isinstance(cause, GraphQLError):
        return False
    # Once fields are resolved, the one thing left to be wrong with the request is an argument;
    # graphql-core's other complaints then are about a value of ours.
    return error.path is None or error.message.startswith("Argument '")


def _note(error: GraphQLError, cause: BaseException, request_id: str) -> None:
    log.error(
        "field_failed",
        request_id=request_id,
        path=".".join(str(step) for step in error.path or ()),
        exc_info=cause,
    )


_FOUND = re.compile(r"[,;.]? [Ff]ound: .*", re.DOTALL)
_VALUE = re.compile(r" value: .*", re.DOTALL)
_ENUM = re.compile(r"Value .* does not exist in '(\w+)' enum\..*", re.DOTALL)


def without_value(message: str) -> str:
    """graphql-core's words about a value, without the value."""
    place = PLACE.match(message)
    where, said = (place.group(), message[place.end() :]) if place else ("", message)
    said = _ENUM.sub(r"Value does not exist in '\1' enum.", _VALUE.sub(" value.", _FOUND.sub(".", said)))
    return where + said.replace(" None.", " null.")


def _at(error: GraphQLError, words: str) -> str:
    place = PLACE.match(error.message)
    return place.group() + words if place else words
