"""docs/walk.md, run as it is written: each answer is the one printed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import House, Running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "walk.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"

OF_THIS_RUN = (
    (r"\b(transaction|request|card)_[0-9a-z]{26}\b", r"\1_…"),
    (r'"number":"9999\d{12}"', '"number":"9999…"'),
    (r'"securityCode":"\d{3}"', '"securityCode":"…"'),
    (r'"expiryMonth":\d+,"expiryYear":\d{4}', '"expiry…"'),
)
"""What is another one each time."""


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Running]:
    running = house.start()
    yield running
    assert running.stop() == 0


def blocks(text: str, kind: str) -> str:
    """All fenced blocks of one kind, one after another."""
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)
    return "".join(found)


def without_this_runs(text: str) -> list[str]:
    for pattern, instead in OF_THIS_RUN:
        text = re.sub(pattern, instead, text)
    return text.splitlines()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page asks with curl")
def test_the_walk_answers_as_it_is_printed(server: Running) -> None:
    script = blocks(PAGE, "sh").replace(ADDRESS, server.url)
    said = subprocess.run(["bash", "-e"], input=script, capture_output=True, text=True, timeout=60, check=True)
    assert without_this_runs(said.stdout) == without_this_runs(blocks(PAGE, "json"))
    assert said.stderr == ""
