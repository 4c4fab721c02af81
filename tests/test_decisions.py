"""Every decision is in the index, and the code that rests on it names it."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
FOLDER = CHECKOUT / "docs" / "decisions"
RECORDS = {int(file.name[:4]): file for file in sorted(FOLDER.glob("[0-9]*.md"))}
NAMED = re.compile(r"[Dd]ecision (?:record )?0*(\d+)|docs/decisions/0*(\d+)")


def named() -> dict[int, list[str]]:
    """The decisions that the code names, and where."""
    found: dict[int, list[str]] = {}
    for file in sorted((CHECKOUT / "pocketpay").rglob("*.py")):
        for numbers in NAMED.findall(file.read_text(encoding="utf-8")):
            found.setdefault(int("".join(numbers)), []).append(file.name)
    return found


def test_records_are_numbered_once_and_titled_by_their_number() -> None:
    files = list(FOLDER.glob("[0-9]*.md"))
    assert len(RECORDS) == len(files)
    for number, file in RECORDS.items():
        assert file.read_text(encoding="utf-8").startswith(f"# {number}. "), file.name


def test_index_has_every_decision_in_order() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    # A new record needs a row in docs/decisions/README.md.
    rows = re.findall(r"^\| \[(\d+)\]\((.+?)\) \| \S.*\. \|$", index, re.MULTILINE)
    assert [(int(number), name) for number, name in rows] == [(number, file.name) for number, file in RECORDS.items()]


@pytest.mark.parametrize("number", RECORDS)
def test_code_names_the_decision_that_it_rests_on(number: int) -> None:
    assert named().get(number), f"no file under pocketpay names decision {number}"


def test_decisions_that_the_code_names_exist() -> None:
    assert named().keys() <= RECORDS.keys()
