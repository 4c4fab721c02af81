"""Every document the explorer sends is valid against the schema that the server serves."""

import re
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "explorer" / "src"
TABS = sorted((SOURCES / "tabs").glob("*.graphql"))
DOCUMENTS = sorted((SOURCES / "documents").glob("*.graphql"))


@cache
def served_schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text())


def relative(file: Path) -> str:
    return str(file.relative_to(SOURCES))


@pytest.mark.parametrize("file", [*TABS, *DOCUMENTS], ids=relative)
def test_document_is_valid_against_the_schema(file: Path) -> None:
    assert [error.message for error in validate(served_schema(), parse(file.read_text()))] == []


@pytest.mark.parametrize("file", TABS, ids=relative)
def test_tab_is_one_named_operation_that_says_what_will_be_seen(file: Path) -> None:
    text = file.read_text()
    [operation] = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None
    assert text.startswith("# ")


def test_walk_has_every_tab_once() -> None:
    imported = re.findall(r"from '\./tabs/(.+\.graphql)\?raw'", (SOURCES / "tabs.js").read_text())
    assert sorted(imported) == [file.name for file in TABS]
