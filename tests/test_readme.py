"""What the README points at is there."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
README = (HERE / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(?:app|alembic)/.*$", README, re.MULTILINE)


def _spans(row: str) -> list[str]:
    """What stands in code in the right half of a row and is a path."""
    right = row.split(" | ", 1)[1]
    return [span for span in re.findall(r"`([^`]+)`", right) if span.endswith(("/", ".py"))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("`")[1])
def test_everything_of_the_first_backend_is_where_the_table_says(row: str) -> None:
    folder = HERE / "pocketpay"
    spans = _spans(row)
    assert spans or "schema.graphql" in row
    for span in spans:
        if span == "models.py":
            continue  # "models.py of identity/, …": the folders come after it
        places = [folder / span, HERE / "pocketpay" / span, HERE / span]
        found = next((place for place in places if place.exists()), None)
        assert found is not None, span
        folder = found.parent if found.is_file() else folder
        assert found.is_file() or "models.py" not in row or (found / "models.py").exists(), span


def test_the_table_is_there() -> None:
    assert len(ROWS) >= 18


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_no_link_leads_nowhere(link: str) -> None:
    assert (HERE / link).exists()
