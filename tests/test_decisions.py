"""Every decision record is in the index, and the code that implements it names it."""

import re
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
FOLDER = CHECKOUT / "docs" / "decisions"
RECORDS = {int(file.name[:4]): file for file in sorted(FOLDER.glob("[0-9]*.md"))}
NAMED = re.compile(r"[Dd]ecision (?:record )?0*(\d+)|docs/decisions/0*(\d+)")


@cache
def named() -> dict[int, list[str]]:
    """Returns the decisions that the code names, with the files that name them."""
    found: dict[int, list[str]] = {}
    for file in sorted((CHECKOUT / "pocketpay").rglob("*.py")):
        for numbers in NAMED.findall(file.read_text(encoding="utf-8")):
            found.setdefault(int("".join(numbers)), []).append(file.name)
    return found


def test_every_record_has_its_own_number_and_a_title_with_it() -> None:
    files = list(FOLDER.glob("[0-9]*.md"))
    assert len(RECORDS) == len(files)
    for number, file in RECORDS.items():
        assert file.read_text(encoding="utf-8").startswith(f"# {number}. "), file.name


def test_the_index_lists_every_decision_in_order() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    # A new record needs a row in docs/decisions/README.md.
    rows = re.findall(r"^\| \[(\d+)\]\((.+?)\) \| \S.*\. \|$", index, re.MULTILINE)
    assert [(int(number), name) for number, name in rows] == [(number, file.name) for number, file in RECORDS.items()]


@pytest.mark.parametrize("number", RECORDS)
def test_the_code_names_every_decision(number: int) -> None:
    assert named().get(number), f"no file under pocketpay names decision {number}"


def test_decisions_named_by_the_code_exist() -> None:
    assert named().keys() <= RECORDS.keys()
