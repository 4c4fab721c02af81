"""The documents point at what is there, and quote what is written."""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PAGES = [
    *sorted(CHECKOUT.glob("*.md")),
    *sorted((CHECKOUT / "docs").glob("*.md")),
    *sorted((CHECKOUT / "docs" / "decisions").glob("*.md")),
]
ARCHITECTURE = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())


def fenced(text: str, kind: str) -> list[str]:
    """The fenced blocks of one kind, those of lists included."""
    return re.findall(rf"^ *```{kind}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The headings of a page, as a link names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@every_page
def test_no_link_leads_nowhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^):]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), link
        assert not anchor or anchor in anchors(found), link


@every_page
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    for path, name in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", page.read_text(encoding="utf-8")):
        assert (CHECKOUT / path).exists(), path
        assert not name or re.search(rf"^(async )?def {name}\(", (CHECKOUT / path).read_text(), re.MULTILINE), name


@every_page
def test_drawings_have_no_semicolon(page: Path) -> None:
    """It ends a statement there, and what follows it is not drawn."""
    assert [drawing for drawing in fenced(page.read_text(encoding="utf-8"), "mermaid") if ";" in drawing] == []


# ---------------------------------------------------------------- architecture


def layers() -> list[set[str]]:
    """The packages from the top down, as the linter holds them."""
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one["type"] == "layers"]
    return [set(re.findall(r"\w+", layer)) for layer in contract["layers"]]


def test_packages_are_drawn_as_the_linter_holds_them() -> None:
    (drawing,) = [one for one in fenced(ARCHITECTURE, "mermaid") if one.startswith("block-beta\n")]
    rows = [set(re.findall(r"(\w+)\[", line)) for line in drawing.splitlines() if "[" in line]
    assert rows == layers()


def _stripped(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


@pytest.mark.parametrize(
    "snippet", fenced(ARCHITECTURE, "python"), ids=lambda snippet: snippet.split("\n")[0].strip()
)
def test_code_that_is_quoted_is_in_the_product(snippet: str) -> None:
    sources = [_stripped(file.read_text(encoding="utf-8")) for file in (CHECKOUT / "pocketpay").rglob("*.py")]
    assert any(_stripped(snippet).strip() in source for source in sources)


def test_code_is_quoted() -> None:
    assert len(fenced(ARCHITECTURE, "python")) >= 4


@pytest.mark.parametrize("page", ["architecture.md", "decisions/README.md"])
def test_files_that_are_named_exist(page: str) -> None:
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    for path in re.findall(r"`([a-z_]+/[\w/.-]+\.(?:py|graphql|toml|md))`", text):
        assert any((root / path).exists() for root in (CHECKOUT, CHECKOUT / "pocketpay")), path
