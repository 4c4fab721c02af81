"""What the log contains, and what it must never contain."""

import ast
import contextlib
import json
import logging
import re
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
import uvicorn
import uvicorn.lifespan.on
from starlette.applications import Starlette

import pocketpay
from pocketpay.serving import log
from tests.people import made

LEVELS = ("debug", "info", "warning", "error", "exception")


@pytest.mark.parametrize("environment", ["development", "production"])
def test_only_listed_fields_are_logged_and_error_messages_only_in_development(
    environment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(made(environment=environment))
    try:
        raise ValueError("hunter2")
    except ValueError:
        structlog.get_logger("test").exception("it_failed", request_id="r1", variables={"password": "hunter2"})
    (line,) = capsys.readouterr().err.splitlines()
    written = json.loads(line)
    assert written["event"] == "it_failed"
    assert written["failed"] == "ValueError"
    assert "variables" not in written
    assert any(place.endswith("test_only_listed_fields_are_logged_and_error_messages_only_in_development")
               for place in written["at"])  # fmt: skip
    assert ("hunter2" in line) == (environment == "development")


def test_every_field_used_in_a_log_call_is_listed() -> None:
    package = Path(pocketpay.__file__).parent
    named = {
        keyword.arg
        for file in package.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS
        for keyword in call.keywords
    }
    assert named - {"exc_info"} <= log.FIELDS


def test_libraries_log_as_json_and_a_newline_starts_no_new_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(made())
    logging.getLogger("some.library").warning("odd\n%s", "origin")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "odd\norigin"


@pytest.mark.filterwarnings("default:something odd:RuntimeWarning")
def test_a_warning_of_python_is_logged_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(made())
    warnings.warn("something odd", RuntimeWarning, stacklevel=1)
    (line,) = capsys.readouterr().err.splitlines()
    assert "RuntimeWarning: something odd" in json.loads(line)["event"]


@pytest.mark.parametrize(
    ("level", "loggers"),
    [("debug", ["some.library", "pocketpay.room"]), ("info", ["pocketpay.room"]), ("warning", []), ("error", [])],
)
def test_info_messages_of_libraries_are_logged_only_at_level_debug(
    level: str, loggers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(made(log_level=level))
    for name in ("some.library", "pocketpay.room"):
        logging.getLogger(name).info("set up")
    assert [json.loads(line)["logger"] for line in capsys.readouterr().err.splitlines()] == loggers


# ------------------------------------------------------------ tracebacks and events


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_a_traceback_in_a_librarys_message_gets_fields_of_its_own(
    environment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """uvicorn logs the traceback of an application that does not start as the text of its message."""
    log.configure(made(environment=environment))

    @contextlib.asynccontextmanager
    async def broken(app: Starlette) -> AsyncIterator[None]:
        try:
            raise KeyError("an earlier one")
        except KeyError:
            raise ValueError("hunter2")  # noqa: B904 - a chain of two
        yield

    async def serve() -> None:
        config = uvicorn.Config(Starlette(lifespan=broken), port=0, log_config=None, lifespan="on")
        lifespan = uvicorn.lifespan.on.LifespanOn(config)
        await lifespan.startup()
        assert lifespan.should_exit

    await serve()
    first, *_ = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (first["event"], first["failed"]) == ("application_failed", "ValueError")
    assert first["at"][-1].endswith(" broken")
    assert ("hunter2" in json.dumps(first)) == (environment == "development")
    assert "Traceback" not in json.dumps(first)


def test_messages_of_asyncio_contain_no_error_text_in_production(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(made(environment="production"))
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task exception=E('hunter2')>")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "Task exception was never retrieved"


SOURCES = [Path(pocketpay.__file__).parent, Path(pocketpay.__file__).parents[1] / "migrations"]


def events() -> set[str]:
    """Every event that our own code logs."""
    found: set[str] = set()
    for file in (file for folder in SOURCES for file in folder.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            if isinstance(call.func, ast.Attribute) and call.func.attr in (*LEVELS, "critical") and call.args:
                named: list[ast.expr] = [call.args[0]]
            elif getattr(call.func, "id", "") == "log_errors":
                named = [keyword.value for keyword in call.keywords if keyword.arg in ("busy", "failed")]
            else:
                continue
            if file.name != "loops.py":  # its events are arguments of log_errors
                assert all(isinstance(one, ast.Constant) for one in named), f"{file}:{call.lineno}"
                found |= {str(ast.literal_eval(one)) for one in named}
    return found


def test_every_event_is_a_name_in_snake_case_and_described_in_the_docs() -> None:
    """All events have one style, so that people can search for them. The page says what to do about each event."""
    found = events()
    assert len(found) > 30
    assert [one for one in found if not re.fullmatch(r"[a-z]+(_[a-z]+)*", one)] == []
    page = (Path(pocketpay.__file__).parents[1] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    section = page.partition("\n## Log lines\n")[2].partition("\n## ")[0]
    described = re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (.*?) \|", section, re.MULTILINE)))
    assert sorted(described) == sorted(found | {"application_failed"})
