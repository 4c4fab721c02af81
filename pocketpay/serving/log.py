"""The log: one JSON object per line on stderr, with only the fields of a list.

Variables, headers and tokens are never logged. The message of an unexpected error is logged only in development,
because it may repeat what a user typed. In production the class and the stack of the error are logged, in fields of
their own. Secrets are removed from messages (redaction.py). A server in development logs mails instead of sending
them, with their codes.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

from pocketpay.serving import redaction
from pocketpay.settings import Settings

FIELDS = frozenset(
    {
        "event", "level", "logger", "time", "text", "reason", "request_id", "path", "name", "pid", "code", "pump",
        "error", "failed", "at", "message", "tries", "seconds", "count", "waiting", "instructions", "revision",
        "state", "failure", "size", "account", "changed_at", "feed", "timeline",
        "origin", "cause", "host", "operation", "type", "version", "settings", "workers", "signal",
    }
)  # fmt: skip
"""The fields that may be logged; others are dropped. Add a field only if it cannot hold a value of a request."""

TRACEBACK = "Traceback (most recent call last):\n"
FRAME = re.compile(r'^\s*File "(.+)", line (\d+), in (.+)$', re.MULTILINE)
FAILED = re.compile(r"^[A-Za-z_][\w.]*(?:: .*)?$", re.MULTILINE)
"""The line of a traceback after the frames: the class of the error, and its message."""

REDACTED = frozenset({"message", "error", "reason"})
"""Fields that may repeat a value, so secrets are removed from them. The event of a library's message may too. Our own
events are constants: a client that sends their names must not hide them."""


def configure(settings: Settings) -> None:
    """Sets up the log of this process and of its libraries."""
    redaction.configure(settings)
    level = logging.getLevelNamesMapping()[settings.log_level.name]
    processors: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _time,
        _exception(verbose=not settings.production),
        _message_of_a_library(verbose=not settings.production),
        _allowed,
        _redacted,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _line],
        )
    )
    root = logging.getLogger()
    root.handlers = [*(existing for existing in root.handlers if not isinstance(existing, _Stderr)), handler]
    logging.getLogger("pocketpay").setLevel(level)
    # Libraries log below WARNING only when the level is DEBUG: those messages are about their internals.
    root.setLevel(level if level <= logging.DEBUG else max(level, logging.WARNING))
    # For example of a resolver that has not started when its websocket closes.
    logging.captureWarnings(True)


class _Stderr(logging.Handler):
    """Writes to the current `sys.stderr`, also when it was replaced after `configure`."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def _time(logger: Any, method: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _exception(*, verbose: bool) -> Callable[[Any, str, EventDict], EventDict]:
    """Replaces an exception by its class and stack; also by its message if `verbose`."""

    def add_exception(logger: Any, method: str, event: EventDict) -> EventDict:
        error = event.pop("exc_info", None)
        if isinstance(error, tuple):
            error = error[1]
        elif error is True:
            error = sys.exception()
        if isinstance(error, BaseException):
            event["failed"] = type(error).__qualname__
            event["at"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
            ]
            if verbose:
                event["message"] = str(error)
        return event

    return add_exception


def _message_of_a_library(*, verbose: bool) -> Callable[[Any, str, EventDict], EventDict]:
    """Moves a traceback out of the event of a library, to the fields of an exception: uvicorn logs one when the
    application does not start. Shortens asyncio's messages, which repeat the message of the error."""

    def tidy(logger: Any, method: str, event: EventDict) -> EventDict:
        text = str(event.get("event", "")).strip()
        before, found, trace = text.partition(TRACEBACK)
        if found:
            event["at"] = [f"{file}:{line} {name}" for file, line, name in FRAME.findall(trace)]
            failed, _, message = (FAILED.findall(trace) or ["unknown"])[-1].partition(": ")
            event["failed"] = failed.rpartition(".")[2]
            if verbose:
                event["message"] = message
            text = before.strip() or "application_failed"
        if event.get("logger") == "asyncio" and not verbose:
            text = text.partition("\n")[0]
        event["event"] = text
        return event

    return tidy


def _allowed(logger: Any, method: str, event: EventDict) -> EventDict:
    # Names with a leading "_" are structlog's own; its formatter removes them.
    return {name: value for name, value in event.items() if name in FIELDS or name.startswith("_")}


def _redacted(logger: Any, method: str, event: EventDict) -> EventDict:
    is_ours = str(event.get("logger", "")).startswith("pocketpay")
    for name in REDACTED if is_ours else REDACTED | {"event"}:
        if name in event:
            event[name] = redaction.redacted(str(event[name]))
    return event


def _line(logger: Any, method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str).decode()
