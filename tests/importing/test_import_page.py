"""docs/import-supabase.md is correct: its commands print what it shows, and its links work."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Dsns
from tests.importing.exports import imported

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "import-supabase.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```sh\npocketpay import-supabase ([^\n]*)\n```\n```text\n(.*?)\n```", PAGE, re.DOTALL)
OPTIONS = {"--dry-run": "dry", "--skip-wrong": "skip_wrong", "--take-suggested": "take_suggested"}
DUE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


async def run(dsns: Dsns, written: str) -> str:
    """Runs a command. Returns its output."""
    file, *options = shlex.split(written)
    chosen: dict[str, Any] = {name: flag in options for flag, name in OPTIONS.items()}
    per_hour = int(options[-1]) if "--welcome-mail" in options else None
    assert set(options) <= {*OPTIONS, "--welcome-mail", "--mails-per-hour", "500"}
    _, told = await imported(
        dsns, ROOT / file, **chosen, mails_per_hour=per_hour, public_url="https://app.example.com"
    )
    return DUE.sub("(a time)", "\n".join(told))


async def test_commands_of_the_page_print_what_it_shows(database_dsn: Dsns) -> None:
    assert len(COMMANDS) == 4
    for written, shown in COMMANDS:
        assert await run(database_dsn, written) == DUE.sub("(a time)", shown), written


async def test_the_example_dump_contains_the_same_people(database_dsn: Dsns) -> None:
    told = await run(database_dsn, "examples/supabase/dump.sql --take-suggested")
    assert told.splitlines()[-1] == "4 people imported; 3 opening balances posted: 1349.35 USD."


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", PAGE))))
def test_every_link_of_the_page_exists(link: str) -> None:
    assert (ROOT / "docs" / link).exists()


def test_the_readme_links_to_the_page() -> None:
    assert "](docs/import-supabase.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
