"""Texts for clients and operators are plain English: they contain no phrase of `plain_words.toml`.

The checked texts are the descriptions of the schema, the settings and the commands, every string of the code that is
not a docstring (messages, refusals, findings of the audit), and the mails. A phrase is on the list because readers
are engineers who read English as a second language and look for the standard term.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from pocketpay.api.schema import sdl
from pocketpay.cli import env_file

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_name("plain_words.toml")
MOST = 30

Text = tuple[str, str]
"""The place of a text, and the text."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase to avoid. `example` is a text that contains it."""

    pattern: re.Pattern[str]
    instead: str
    example: str


def _phrases() -> list[Phrase]:
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))["phrase"]
    return [Phrase(re.compile(one["pattern"], re.IGNORECASE), one["instead"], one["example"]) for one in listed]


PHRASES = _phrases()


def test_texts_for_people_contain_no_phrase_to_avoid() -> None:
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


def test_the_list_of_phrases_stays_short() -> None:
    assert len(PHRASES) <= MOST


@pytest.mark.parametrize(
    "text",
    [
        "An opaque id. It never changes and is unique across all types.",  # a field of the schema
        "Number of rows: at most 100.",  # an argument
        "The owner's name for the card: one line of 1 to 50 characters.",  # an input
        "The card has expired.",  # a value of an enum
        "This card has expired.",  # a refusal
        "must have at least one visible character",  # a message after a field's name
        "The request body is larger than {} bytes.",  # a message with values in it
        "Freezes a wallet: its later payments are blocked.",  # a command
        "Maximum number of rows.",  # an option of a command
        "this profile has no user in auth.users",  # in SQL: a finding of an import
        "# Maximum number of aliases in a GraphQL document. At least 1.",  # a setting
        "Your password was changed",  # a mail
    ],
)
def test_texts_of_every_kind_are_checked(text: str) -> None:
    assert any(text in read for _, read in _texts())


@cache
def _texts() -> list[Text]:
    found = [*_descriptions(), *((".env.example", line) for line in env_file.lines())]
    mails = sorted(ROOT.glob("pocketpay/mail/templates/*"))
    found += [(file.name, file.read_text(encoding="utf-8")) for file in mails]
    for file in sorted(ROOT.glob("pocketpay/**/*.py")):
        found += _strings(file)
    return found


def _descriptions() -> Iterator[Text]:
    """Yields the descriptions of everything in the schema, with its coordinate."""
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
    """Yields every string of a module that is not a docstring. A command's docstring is included, as its help. Values
    are {}."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    place = file.relative_to(ROOT)
    apart: set[int] = set()  # docstrings, and the parts of f-strings
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
