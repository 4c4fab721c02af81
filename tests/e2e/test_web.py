"""The web app of `examples/web` in a real browser: scenarios in which people use it, and each of its screens.

`make test` runs one scenario and opens a few screens if Chromium is installed and the app is built; `make web-test`
runs all, at two widths and in both themes, and needs both.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pocketpay.explorer.web_app import DIST
from tests.e2e.processes import Installation, Running
from tests.e2e.test_browser import SIZES, chromium, node

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples" / "web"
SCRIPTS = Path(__file__).parent / "web"

WHOLE = os.environ.get("BROWSER") == "whole"
"""Whether to run everything; `make web-test` sets it."""

SHOTS = os.environ.get("SHOTS")
"""The folder for pictures of the screens."""

A_FEW = ["home"]
SHORT = ["lost"]
SCENARIOS = [
    "live",
    "lost",
    "devices",
    "reconnect",
    "refresh",
    "revoked",
    "slow",
    "life",
    "operator",
    "history",
    "keyboard",
    "minute",
]

GOOD_JUMP = 0.1
"""The greatest sum of layout shifts that counts as good."""


def missing() -> str | None:
    """Returns a sentence about a missing program or build and how to get it, or None when nothing is missing."""
    if chromium() is None:
        return "no Chromium is found: install one (on Debian, apt-get install chromium) or name it, CHROMIUM=/path"
    if not (DIST / "index.html").exists() or not (APP / "node_modules" / "playwright-core").exists():
        return "the web app is not built: run make web"
    return None if node() else "no Node.js is found: run make web"


MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None and not WHOLE, reason=f"{MISSING}")


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start(REFRESH_COOKIE="true", ACCESS_TOKEN_EXPIRE_MINUTES="1", RAPID_TRANSFER_ACTION="off")
    yield running
    assert running.stop() == 0
    assert running.tracebacks() == []


def seen(script: str, server: Running, **given: Any) -> list[Any]:
    """Runs a script in the browser. Returns its output lines, parsed from JSON."""
    known = {"url": server.url, "chromium": chromium(), "shots": SHOTS}
    command = [node() or "node", str(SCRIPTS / script), json.dumps(known | given)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_the_list_of_scenarios_is_the_same_as_in_the_script() -> None:
    text = (SCRIPTS / "people.mjs").read_text()
    assert re.findall(r"^  async (\w+)\(\) \{$", text, re.MULTILINE) == SCENARIOS


@pytest.mark.parametrize("scenarios", [[name] for name in SCENARIOS] if WHOLE else [SHORT], ids="-".join)
def test_every_scenario_of_the_app_succeeds(server: Running, scenarios: list[str]) -> None:
    told = seen("people.mjs", server, scenarios=scenarios)
    assert told == [{"scenario": name, "failures": []} for name in scenarios]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_each_screen_is_accessible_and_nothing_is_cut_off_or_jumps(server: Running, width: int, scheme: str) -> None:
    if not WHOLE and (width, scheme) != (390, "dark"):
        pytest.skip("make web-test opens every screen at every width in both themes")
    size = {"width": width, "height": SIZES[width], "scheme": scheme}
    screens = seen("screens.mjs", server, **size, who="alice", screens=None if WHOLE else A_FEW)
    assert len(screens) > 25 if WHOLE else [one["screen"] for one in screens] == A_FEW
    for one in screens:
        assert one["violations"] == one["failures"] == [], one["screen"]
        assert not one["isTooWide"], one["screen"]
        assert one["jump"] < GOOD_JUMP, one["screen"]
