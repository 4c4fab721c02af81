"""Runs command lines one after another in a process that has imported nothing else, and reports how each one ended.

A new interpreter for each of fifty command lines would take half a minute. Lines that may import fewer libraries come
first. Each one has its own stdout and stderr, which are flushed at its end, as at the end of an interpreter. The
process reads a list of Line as JSON on stdin, and prints a list of Ended.
"""

import json
import os
import sys
import tempfile
import traceback
from dataclasses import asdict, dataclass
from typing import IO

WATCHED = (
    *("alembic", "asyncio", "asyncpg", "graphql", "pydantic_settings", "rich", "sqlalchemy", "sqlmodel", "starlette"),
    *("strawberry", "structlog", "uvicorn", "opentelemetry", "stripe"),
)
"""The libraries that a command may or may not import."""


@dataclass(frozen=True)
class Line:
    """A command line, with its terminal: the encoding, and whether the reader of its output has gone.

    `checked` is whether the command checks that its database is durable. The database of the tests is not durable.
    """

    arguments: list[str]
    encoding: str = "utf-8"
    closed: bool = False
    checked: bool = True


@dataclass(frozen=True)
class Ended:
    """How a command line ended, and which WATCHED libraries were imported then."""

    code: int
    out: str
    err: str
    imported: list[str]


def main() -> None:
    lines = [Line(**one) for one in json.load(sys.stdin)]
    with os.fdopen(os.dup(1), "w") as results:
        json.dump([asdict(_run(line)) for line in lines], results)


def _run(line: Line) -> Ended:
    if not line.checked:
        from pocketpay.cli import preparing

        preparing.prepare = lambda *_: None
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if line.closed:
            reader, writer = os.pipe()
            os.close(reader)
            os.dup2(writer, 1)
            os.close(writer)
        else:
            os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        for number, name in ((1, "stdout"), (2, "stderr")):
            setattr(sys, name, os.fdopen(number, "w", encoding=line.encoding, closefd=False))
        sys.argv = ["pocketpay", *line.arguments]
        code = _code()
        printed, told = (_text(file, line.encoding) for file in (out, err))
    return Ended(code, printed, told, [name for name in WATCHED if name in sys.modules])


def _text(file: IO[bytes], encoding: str) -> str:
    file.seek(0)
    return file.read().decode(encoding)


def _code() -> int:
    from pocketpay.cli import main as command

    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 98
    except BaseException:
        os.write(2, traceback.format_exc().encode("ascii", "backslashreplace"))
    return 99


if __name__ == "__main__":
    main()
