"""What the log contains, and what it must never contain."""

import ast
import json
import logging
import warnings
from pathlib import Path

import pytest
import structlog

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
