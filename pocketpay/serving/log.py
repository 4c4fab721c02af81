"""What this server writes down: one JSON object a line on stderr, of fields that are on a list.

Never a variable, a header, a token, or the words of an unexpected error outside development: they may repeat what
somebody typed. Of such an error the class and the places it went through are kept.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

from pocketpay.settings import Settings

FIELDS = frozenset(
    {
        "event", "level", "logger", "time", "text", "reason", "request_id", "path", "name", "pid", "code", "pump",
        "error", "failed", "at", "said", "tries", "seconds", "count", "waiting", "instructions", "revision", "state",
        "failure", "size", "account", "changed_at",
        "origin",
    }
)  # fmt: skip
"""What may be written. Another field is dropped: put it here when it can hold nothing that was sent."""


def configure(settings: Settings) -> None:
    """Sets up this process's log, that of the libraries too."""
    level = logging.getLevelNamesMapping()[settings.log_level.name]
    steps: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _time,
        _failure(verbose=not settings.production),
        _allowed,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *steps,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _line],
        )
    )
    root = logging.getLogger()
    root.handlers = [*(one for one in root.handlers if not isinstance(one, _Stderr)), handler]
    logging.getLogger("pocketpay").setLevel(level)
    # Below a warning a library speaks of its own parts: that is for whoever asks for everything.
    root.setLevel(level if level <= logging.DEBUG else max(level, logging.WARNING))


class _Stderr(logging.Handler):
    """Writes to whatever stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def _time(logger: Any, method: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _failure(*, verbose: bool) -> Callable[[Any, str, EventDict], EventDict]:
    """Puts the class of an exception and the places it went through in its stead; its words only if `verbose`."""

    def tell(logger: Any, method: str, event: EventDict) -> EventDict:
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
                event["said"] = str(error)
        return event

    return tell


def _allowed(logger: Any, method: str, event: EventDict) -> EventDict:
    # structlog's own bookkeeping begins with "_" and is removed by its formatter.
    return {name: value for name, value in event.items() if name in FIELDS or name.startswith("_")}


def _line(logger: Any, method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str).decode()
