"""The links and the quoted code of the documents are correct."""

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
    """Returns the fenced blocks of one kind, including those inside lists."""
    return re.findall(rf"^ *```{kind}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@every_page
def test_every_link_of_a_page_works(page: Path) -> None:
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
def test_diagrams_contain_no_semicolon(page: Path) -> None:
    """In a Mermaid diagram a semicolon ends a statement, and the rest is not drawn."""
    assert [drawing for drawing in fenced(page.read_text(encoding="utf-8"), "mermaid") if ";" in drawing] == []


# ---------------------------------------------------------------- architecture


def layers() -> list[set[str]]:
    """Returns the packages of each layer from the top down, from the import linter's contract."""
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one["type"] == "layers"]
    return [set(re.findall(r"\w+", layer)) for layer in contract["layers"]]


def test_the_drawn_layers_match_the_import_linters_contract() -> None:
    (drawing,) = [one for one in fenced(ARCHITECTURE, "mermaid") if one.startswith("block-beta\n")]
    rows = [set(re.findall(r"(\w+)\[", line)) for line in drawing.splitlines() if "[" in line]
    assert rows == layers()


def _stripped(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


@pytest.mark.parametrize(
    "snippet", fenced(ARCHITECTURE, "python"), ids=lambda snippet: snippet.split("\n")[0].strip()
)
def test_quoted_code_is_in_the_product(snippet: str) -> None:
    sources = [_stripped(file.read_text(encoding="utf-8")) for file in (CHECKOUT / "pocketpay").rglob("*.py")]
    assert any(_stripped(snippet).strip() in source for source in sources)


def test_the_architecture_page_quotes_code() -> None:
    assert len(fenced(ARCHITECTURE, "python")) >= 4


@pytest.mark.parametrize("page", ["architecture.md", "decisions/README.md"])
def test_files_named_by_a_page_exist(page: str) -> None:
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    for path in re.findall(r"`([a-z_]+/[\w/.-]+\.(?:py|graphql|toml|md))`", text):
        assert any((root / path).exists() for root in (CHECKOUT, CHECKOUT / "pocketpay")), path
