"""What a command prints: text for people or, with `--json`, one JSON object for programs.

    {"ok": true, "verb": "operator freeze", "result": {...}, "error": null}
    {"ok": false, "verb": "operator freeze", "result": null, "error": {"code": ..., "message": ..., "retryable": ...}}

The object is one line on stdout, in ASCII, for errors too. `ok` is true exactly when the exit code is 0. The log
stays on stderr, where people read errors too. docs/command-line.md is the reference.

Decision 65 gives the reasons.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pocketpay.errors import PocketPayError, Refusal

USAGE = "USAGE"
INTERNAL = "INTERNAL"

_is_json = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a command failed. `text` is printed on stderr for people; None prints the message, and "" prints
    nothing."""

    code: str
    message: str
    retryable: bool = False
    text: str | None = None
    exit_code: int = 1

    @property
    def shown(self) -> str:
        return self.message if self.text is None else self.text


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a command: its facts for programs, its lines for people, and its problem if it failed.

    A fact is a string, number, bool, None, time, list or mapping. A table has the fact `rows`.
    """

    facts: Mapping[str, object] | None
    lines: Iterable[str] = ()
    problem: Problem | None = None

    @property
    def exit_code(self) -> int:
        return 0 if self.problem is None else self.problem.exit_code


def use_json(on: bool) -> None:
    """Chooses how this process prints results from now on."""
    global _is_json
    _is_json = on


def is_json() -> bool:
    """Returns whether the command prints JSON."""
    return _is_json


def show(result: Result, verb: str) -> None:
    """Prints the result, and flushes it."""
    if _is_json:
        print_json(result, verb)
        return
    for line in result.lines:
        write_line(line)
    sys.stdout.flush()
    if result.problem is not None and result.problem.shown:
        sys.stderr.write(result.problem.shown + "\n")
        sys.stderr.flush()


def print_json(result: Result, verb: str) -> None:
    """Prints the result as one JSON object."""
    import json

    problem = result.problem
    error = (
        None
        if problem is None
        else {"code": problem.code, "message": problem.message, "retryable": problem.retryable}
    )
    shown = {"ok": problem is None, "verb": verb, "result": result.facts, "error": error}
    write_line(json.dumps(shown, default=_plain))
    sys.stdout.flush()


def write_line(text: str) -> None:
    """Writes a line to stdout."""
    sys.stdout.write(text + "\n")


def problem_of(error: PocketPayError) -> Problem:
    """Returns an expected error as the problem of a command.

    A refusal has the code and message of the API. The code of another error is the name of its class, like
    WRONG_REVISION.
    """
    if isinstance(error, Refusal):
        from pocketpay.api.refusal_messages import MESSAGES

        kind = MESSAGES[type(error)]
        message = kind.of(error)
        return Problem(error.code, message, kind.retryable, f"{error.code}: {message}")
    return Problem(code_of(type(error)), str(error))


def code_of(kind: type[BaseException]) -> str:
    """Returns the code of a class of errors: `WrongRevision` is WRONG_REVISION."""
    return "".join("_" + char if char.isupper() else char.upper() for char in kind.__name__).lstrip("_").upper()


def table(columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> Result:
    """Returns rows as a table. `columns` has the JSON name of each column and its heading."""
    from pocketpay.cli.tables import lines

    return Result({"rows": [dict(zip(columns, row, strict=True)) for row in rows]}, lines([*columns.values()], rows))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} cannot be printed as JSON")
