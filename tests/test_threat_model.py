"""The tests that the threat model names exist."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "threat-model.md").read_text()
NAMED = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", PAGE)


def test_every_test_that_the_threat_model_names_exists() -> None:
    assert len(NAMED) > 20
    for path, name in NAMED:
        assert (CHECKOUT / path).exists(), path
        assert not name or re.search(rf"^(async )?def {name}\(", (CHECKOUT / path).read_text(), re.MULTILINE), name


def test_every_threat_has_a_countermeasure_and_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and "tests/" in line]
    threats = PAGE.partition("## A stranger stops the server")[2]
    table = [
        line for line in threats.splitlines() if line.startswith("| ") and not line.startswith(("| threat", "| ---"))
    ]
    assert len(table) > 20
    assert rows == table
