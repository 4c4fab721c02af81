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
"""The characters of a line that fit in the editor, in a window of 1280 pixels and in one of 390."""

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
    "removeBankAccount": "deposits and withdrawals of the walk would lose theirs",
    "bankAccountUpdated": "the simulated bank links at once",
    "closeBankDifference": "a bank's file is imported on the command line",
}
"""Fields without a tab, and the reason for each."""

DOING = ("Mutation", "Subscription", "OperationsMutations")
"""The types whose fields must have a tab or a reason in NOT_SHOWN."""


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
def test_a_document_is_valid_against_the_schema(file: Path) -> None:
    assert [error.message for error in validate(served_schema(), parse(file.read_text()))] == []


@pytest.mark.parametrize("file", TABS, ids=relative)
def test_the_lines_of_a_tab_fit_without_horizontal_scrolling(file: Path) -> None:
    assert [line for line in file.read_text().splitlines() if len(line) > EDITOR_COLUMNS] == []


@pytest.mark.parametrize("file", TABS, ids=relative)
def test_a_tab_is_one_named_operation_with_an_introductory_comment(file: Path) -> None:
    assert operation_of(file)
    assert file.read_text().startswith("# ")


def test_the_walk_has_every_tab_once() -> None:
    assert sorted(step["tab"] for step in WALK) == sorted(file.stem for file in TABS)


def test_the_page_of_the_walk_numbers_tabs_like_the_explorer() -> None:
    rows = re.findall(r"^\| (\d+) (\w+) \|", (ROOT / "docs" / "walk.md").read_text(), re.MULTILINE)
    names = [operation_of(SOURCES / "tabs" / f"{step['tab']}.graphql") for step in WALK]
    assert rows == [(str(number), name) for number, name in enumerate(names, start=1)]


def test_tab_numbers_in_comments_exist() -> None:
    named = {int(number) for file in TABS for number in re.findall(r"\btab (\d+)", file.read_text())}
    assert named <= set(range(1, len(WALK) + 1))


def test_every_mutation_and_subscription_has_a_tab_or_a_reason_to_have_none() -> None:
    shown = set(re.findall(r"\b\w+\b", "".join(file.read_text() for file in TABS)))
    assert {verb for verb in verbs() if verb not in shown} <= set(NOT_SHOWN)
    assert not shown & set(NOT_SHOWN)
