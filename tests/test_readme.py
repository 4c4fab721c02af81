"""The README is short, and its links and figures are correct."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
README = (HERE / "README.md").read_text(encoding="utf-8")
FIRST_BACKEND = (HERE / "docs" / "from-the-fastapi-backend.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(?:app|alembic)/.*$", FIRST_BACKEND, re.MULTILINE)


def _spans(row: str) -> list[str]:
    """Returns the paths in code in the right column of a row."""
    right = row.split(" | ", 1)[1]
    return [span for span in re.findall(r"`([^`]+)`", right) if span.endswith(("/", ".py"))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("`")[1])
def test_paths_in_the_table_of_the_first_backend_exist(row: str) -> None:
    folder = HERE / "pocketpay"
    spans = _spans(row)
    assert spans or "schema.graphql" in row
    for span in spans:
        if span == "models.py":
            continue  # "models.py of identity/, …": the folders follow the file name
        places = [folder / span, HERE / "pocketpay" / span, HERE / span]
        found = next((place for place in places if place.exists()), None)
        assert found is not None, span
        folder = found.parent if found.is_file() else folder
        assert found.is_file() or "models.py" not in row or (found / "models.py").exists(), span


def test_the_table_of_the_first_backend_has_rows() -> None:
    assert len(ROWS) >= 18


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


def test_figures_in_the_readme_match_the_benchmarks() -> None:
    """After `make bench ARGS="--out docs/benchmarks.md"` has measured new figures, write them in the README too."""
    said = README.partition("\n## Is it fast?\n")[2].partition("\n## ")[0]
    measured = (HERE / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    figures = re.findall(r"\d[\d,.]*\d", said)
    assert len(figures) >= 2
    assert [figure for figure in figures if not re.search(rf"\b{re.escape(figure)}\b", measured)] == []


def test_tabs_in_the_readme_have_their_numbers_in_the_walk() -> None:
    rows = re.findall(r"^\| (\d+ \w+) \|", README, re.MULTILINE)
    walk = re.findall(r"^\| (\d+ \w+) \|", (HERE / "docs" / "walk.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 6
    assert set(rows) <= set(walk)


def test_the_readme_links_to_every_document() -> None:
    pages = {f"docs/{page.name}" for page in (HERE / "docs").glob("*.md")}
    assert [page for page in sorted(pages) if f"]({page})" not in README] == []
