"""Runs the requests of docs/walk.md: each returns the response that the page shows."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Installation, Running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "walk.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"

OF_THIS_RUN = (
    (r"\b(transaction|request|card)_[0-9a-z]{26}\b", r"\1_…"),
    (r'"number":"9999\d{12}"', '"number":"9999…"'),
    (r'"securityCode":"\d{3}"', '"securityCode":"…"'),
    (r'"expiryMonth":\d+,"expiryYear":\d{4}', '"expiry…"'),
)
"""Patterns for values that change from run to run."""


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start()
    yield running
    assert running.stop() == 0


def blocks(text: str, kind: str) -> str:
    """Returns all fenced blocks of one kind, joined."""
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)
    return "".join(found)


def without_this_runs(text: str) -> list[str]:
    for pattern, instead in OF_THIS_RUN:
        text = re.sub(pattern, instead, text)
    return text.splitlines()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page asks with curl")
def test_the_requests_of_the_page_return_what_it_shows(server: Running) -> None:
    script = blocks(PAGE, "sh").replace(ADDRESS, server.url)
    said = subprocess.run(["bash", "-e"], input=script, capture_output=True, text=True, timeout=60, check=True)
    assert without_this_runs(said.stdout) == without_this_runs(blocks(PAGE, "json"))
    assert said.stderr == ""
