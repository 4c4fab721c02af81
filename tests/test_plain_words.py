"""What clients and operators read is plain English: no phrase of `plain_words.toml` is in it.

Read are the descriptions of the schema, the settings and the commands, every string of the code that is not a
docstring (messages, refusals, findings of the audit), and the mails. Why a phrase is on the list: the reader is an
engineer who reads English as a second language, and looks for the standard term.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from pocketpay.api.schema import sdl
from pocketpay.cli import env_file

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_name("plain_words.toml")
MOST = 30

Text = tuple[str, str]
"""Where a text stands, and the text."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase to avoid. `example` is a text that has it."""

    pattern: re.Pattern[str]
    instead: str
    example: str


def _phrases() -> list[Phrase]:
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))["phrase"]
    return [Phrase(re.compile(one["pattern"], re.IGNORECASE), one["instead"], one["example"]) for one in listed]


PHRASES = _phrases()


def test_no_phrase_to_avoid_is_in_what_people_read() -> None:
    found = [
        f"{place}: {hit.group()!r} in {text!r}. Write {phrase.instead} instead."
        for place, text in _texts()
        for phrase in PHRASES
        if (hit := phrase.pattern.search(text)) is not None
    ]
    assert not found, "\n".join(["These texts are not plain (tests/plain_words.toml):", *found])


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.example)
def test_each_phrase_is_found_in_its_example(phrase: Phrase) -> None:
    assert phrase.pattern.search(phrase.example)


def test_the_list_stays_short() -> None:
    assert len(PHRASES) <= MOST


@pytest.mark.parametrize(
    "text",
    [
        "An opaque id. It never changes and is unique across all types.",  # a field of the schema
        "Number of rows: at most 100.",  # an argument
        "The owner's name for the card: one line of 1 to 50 characters.",  # an input
        "The card has expired.",  # a value of an enum
        "This card has expired.",  # a refusal
        "must have at least one visible character",  # what follows a field's name
        "The request body is larger than {} bytes.",  # one with facts in it
        "Freezes a wallet: its later payments are blocked.",  # a command
        "Maximum number of rows.",  # an option of a command
        "this profile has no user in auth.users",  # in SQL: a finding of an import
        "# Maximum number of aliases in a GraphQL document. At least 1.",  # a setting
        "Your password was changed",  # a mail
    ],
)
def test_texts_of_every_kind_are_read(text: str) -> None:
    assert any(text in read for _, read in _texts())


def _texts() -> Iterator[Text]:
    yield from _descriptions()
    yield from ((".env.example", line) for line in env_file.lines())
    for file in sorted(ROOT.glob("pocketpay/mail/templates/*")):
        yield file.name, file.read_text(encoding="utf-8")
    for file in sorted(ROOT.glob("pocketpay/**/*.py")):
        yield from _strings(file)


def _descriptions() -> Iterator[Text]:
    """Of everything in the schema, by its coordinate."""
    for name, type_ in build_schema(sdl()).type_map.items():
        if name.startswith("__"):
            continue
        yield name, type_.description or ""
        match type_:
            case GraphQLEnumType():
                yield from ((f"{name}.{value}", said.description or "") for value, said in type_.values.items())
            case GraphQLInputObjectType():
                yield from ((f"{name}.{field}", said.description or "") for field, said in type_.fields.items())
            case GraphQLObjectType() | GraphQLInterfaceType():
                for field, said in type_.fields.items():
                    yield f"{name}.{field}", said.description or ""
                    yield from ((f"{name}.{field}({arg}:)", one.description or "") for arg, one in said.args.items())


def _strings(file: Path) -> Iterator[Text]:
    """Every string of a module that is not a docstring; a command's docstring is its help. Facts are {}."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    place = file.relative_to(ROOT)
    apart: set[int] = set()  # docstrings, and the parts of strings with facts in them
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                apart.add(id(docstring))
            case ast.JoinedStr(values=values):
                apart.update(id(part) for part in values)
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) if name.endswith("_verb"):
                yield f"{place}:{node.lineno}", ast.get_docstring(node) or ""
            case ast.JoinedStr(values=values):
                said = "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in values)
                yield f"{place}:{node.lineno}", said
            case ast.Constant(value=str(said)) if id(node) not in apart:
                yield f"{place}:{node.lineno}", said
