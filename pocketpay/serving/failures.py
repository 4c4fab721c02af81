"""Top-level errors and their codes in `extensions.code`.

    UNAUTHENTICATED             the request is not signed in     (AccessDenied)
    FORBIDDEN                   the field is for operators       (Forbidden)
    BAD_USER_INPUT              a malformed value, or arguments that cannot be combined
    GRAPHQL_PARSE_FAILED        the text is not a GraphQL document
    GRAPHQL_VALIDATION_FAILED   the document does not fit the schema
    QUERY_TOO_COMPLEX           the document exceeds a limit
    DOCUMENT_NOT_FOUND          no trusted document has the requested id
    DOCUMENT_NOT_TRUSTED        the document is not trusted, and the server executes only trusted ones
    PERSISTED_QUERY_NOT_SUPPORTED   a hash without its text: the client then sends the text
    TOO_MANY_CHANGES            a subscriber missed too many changes: query the list
    RATE_LIMITED                too many requests
    SERVICE_BUSY                the database is not available: try again, a mutation with the same key
    INTERNAL                    any other error: masked, with the request id; logged once with its traceback

No error repeats a value of the request: a password that a user types into the wrong field appears in no response and
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
from pocketpay.serving.input_paths import MESSAGE_PREFIX, path_in_document, path_in_message

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
    """Raised when a document exceeds a limit; the message names the limit."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": TOO_COMPLEX})


def formatted(errors: Iterable[GraphQLError], code: str, request_id: str) -> list[dict[str, Any]]:
    """Returns the errors as the response shows them. `code` is for errors without a code of their own.

    Their tracebacks are dropped: the frames refer to the errors and to the document, and all of these would wait for
    the garbage collector.
    """
    shown = []
    for error in errors:
        shown.append(_formatted(error, code, request_id))
        _drop_tracebacks(error)
    return shown


def _drop_tracebacks(error: BaseException) -> None:
    """Drops the tracebacks of an error and of its causes."""
    error.__traceback__ = None
    for cause in (error.__cause__, error.__context__, getattr(error, "original_error", None)):
        if cause is not None and cause.__traceback__ is not None:
            _drop_tracebacks(cause)


def with_code(error: GraphQLError, code: str, document: DocumentNode | None = None) -> GraphQLError:
    """Returns an error of a document as the response shows it: with its code, and without values.

    A malformed value keeps its cause, because the message depends on the viewer's currency, which is known later.
    """
    cause = _innermost(error)
    if isinstance(cause, MalformedValue):
        _drop_tracebacks(error)
        path = path_in_document(document, error.nodes[0]) if document is not None and error.nodes else None
        extensions = {"code": BAD_USER_INPUT} if path is None else {"code": BAD_USER_INPUT, "inputPath": path}
        return GraphQLError(
            str(cause), error.nodes, error.source, error.positions, original_error=cause, extensions=extensions
        )
    # Python converts no string of more than 4,300 digits to an integer.
    if isinstance(cause, ValueError):
        return GraphQLError(UNREADABLE, error.nodes, error.source, error.positions, extensions={"code": code})
    message, extensions = _message_and_extensions(error, code, "")
    return GraphQLError(message, error.nodes, error.source, error.positions, extensions=extensions)


def _formatted(error: GraphQLError, code: str, request_id: str) -> dict[str, Any]:
    message, extensions = _message_and_extensions(error, code, request_id)
    if extensions["code"] == BAD_USER_INPUT and "inputPath" not in extensions:
        path = path_in_message(error.message)
        extensions |= {} if path is None else {"inputPath": path}
    shown: dict[str, Any] = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": location.line, "column": location.column} for location in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    shown["extensions"] = extensions
    return shown


def _message_and_extensions(error: GraphQLError, code: str, request_id: str) -> tuple[str, dict[str, Any]]:
    cause = _innermost(error)
    match cause:
        case MalformedValue():
            return _with_prefix(error, str(cause)), {**(error.extensions or {}), "code": BAD_USER_INPUT}
        case Forbidden():
            return _NOT_ALLOWED, {"code": FORBIDDEN}
        case AccessDenied():
            return _SIGN_IN, {"code": UNAUTHENTICATED}
        case ServiceBusy():
            message = _BUSY_UNKNOWN if cause.may_have_happened else _BUSY
            return message, {"code": SERVICE_BUSY}
    if error.extensions and "code" in error.extensions:
        return error.message, dict(error.extensions)
    if _is_client_error(error, cause):
        return without_value(error.message), {"code": code}
    _log_failure(error, cause, request_id)
    return _MASKED, {"code": INTERNAL, "requestId": request_id}


def in_currency(error: GraphQLError, currency: str) -> GraphQLError:
    """Returns the error. If it is about an Amount, its message is the one for this currency."""
    if not is_about_an_amount(error):
        return error
    cause = MalformedAmount(currency)
    return GraphQLError(
        *(error.message, error.nodes, error.source, error.positions, error.path),
        original_error=cause,
        extensions=error.extensions,
    )


def is_about_an_amount(error: GraphQLError) -> bool:
    """Whether the message of the error depends on a currency."""
    return isinstance(_innermost(error), MalformedAmount)


def _innermost(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_client_error(error: GraphQLError, cause: BaseException) -> bool:
    """Whether the request caused the error: graphql-core rejected the request, not a value of this server."""
    if not isinstance(cause, GraphQLError):
        return False
    # While fields are resolved, only an argument of the request can still be invalid. The other errors of
    # graphql-core are then about values of this server.
    return error.path is None or error.message.startswith("Argument '")


def _log_failure(error: GraphQLError, cause: BaseException, request_id: str) -> None:
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
    """Returns graphql-core's message about an invalid value, without the value itself."""
    match = MESSAGE_PREFIX.match(message)
    prefix, rest = (match.group(), message[match.end() :]) if match else ("", message)
    rest = _ENUM.sub(r"Value does not exist in '\1' enum.", _VALUE.sub(" value.", _FOUND.sub(".", rest)))
    return prefix + rest.replace(" None.", " null.")


def _with_prefix(error: GraphQLError, message: str) -> str:
    match = MESSAGE_PREFIX.match(error.message)
    return match.group() + message if match else message
