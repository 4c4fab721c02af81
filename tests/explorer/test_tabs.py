"""Every document the explorer sends is valid against the schema that the server serves."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "explorer" / "src"
TABS = sorted((SOURCES / "tabs").glob("*.graphql"))
DOCUMENTS = sorted((SOURCES / "documents").glob("*.graphql"))


EDITOR_COLUMNS = 52
"""What the explorer shows of a line on a window of 1280 pixels, and on one of 390."""

WALK = json.loads((SOURCES / "walk.json").read_text())

NOT_SHOWN = {
    "signUp": "the demo people are there",
    "refreshSession": "the explorer does it",
    "signOut": "a button of the explorer's",
    "revokeSession": "needs a second session",
    "revokeOtherSessions": "needs a second session",
    "changePassword": "the explorer signs the demo people in by theirs",
    "requestPhoneVerification": "as an email address is verified",
    "verifyPhone": "as an email address is verified",
    "closeWallet": "a demo person would be gone for good",
    "transactionUpdated": "as the other live tabs",
    "reverseTransaction": "what the walk has paid would come back",
    "beginRecovery": "no mail reaches the demo people",
    "verifyCustomerEmail": "no mail reaches the demo people",
    "endSessions": "the visitor would be signed out",
}
"""What the walk leaves out, and why."""

DOING = ("Mutation", "Subscription", "OperationsMutations")
"""The types whose fields do something or tell of it."""


def verbs() -> list[str]:
    types = served_schema().type_map
    named = [types[name] for name in DOING if name in types]
    return [field for type_ in named if isinstance(type_, GraphQLObjectType) for field in type_.fields]


def operation_of(file: Path) -> str:
    [operation] = parse(file.read_text()).definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None
    return operation.name.value


@cache
def served_schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text())


def relative(file: Path) -> str:
    return str(file.relative_to(SOURCES))


@pytest.mark.parametrize("file", [*TABS, *DOCUMENTS], ids=relative)
def test_document_is_valid_against_the_schema(file: Path) -> None:
    assert [error.message for error in validate(served_schema(), parse(file.read_text()))] == []


@pytest.mark.parametrize("file", TABS, ids=relative)
def test_tab_is_read_without_scrolling_sideways(file: Path) -> None:
    assert [line for line in file.read_text().splitlines() if len(line) > EDITOR_COLUMNS] == []


@pytest.mark.parametrize("file", TABS, ids=relative)
def test_tab_is_one_named_operation_that_says_what_will_be_seen(file: Path) -> None:
    assert operation_of(file)
    assert file.read_text().startswith("# ")


def test_walk_has_every_tab_once() -> None:
    assert sorted(step["tab"] for step in WALK) == sorted(file.stem for file in TABS)


def test_page_of_the_walk_numbers_the_tabs_as_the_explorer_does() -> None:
    rows = re.findall(r"^\| (\d+) (\w+) \|", (ROOT / "docs" / "walk.md").read_text(), re.MULTILINE)
    names = [operation_of(SOURCES / "tabs" / f"{step['tab']}.graphql") for step in WALK]
    assert rows == [(str(number), name) for number, name in enumerate(names, start=1)]


def test_tabs_that_name_another_by_its_number_mean_one_that_is_there() -> None:
    named = {int(number) for file in TABS for number in re.findall(r"\btab (\d+)", file.read_text())}
    assert named <= set(range(1, len(WALK) + 1))


def test_everything_that_can_be_done_is_in_a_tab_or_left_out_on_purpose() -> None:
    shown = set(re.findall(r"\b\w+\b", "".join(file.read_text() for file in TABS)))
    assert {verb for verb in verbs() if verb not in shown} <= set(NOT_SHOWN)
    assert not shown & set(NOT_SHOWN)
