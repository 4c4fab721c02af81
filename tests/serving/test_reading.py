"""How long a document may be, and what a batch may add to it."""

import json

import pytest
from graphql import GraphQLError, GraphQLSyntaxError, Lexer, Source, TokenKind
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.app import SHORT
from pocketpay.serving.documents import Documents
from pocketpay.serving.lexer import QuickLexer
from pocketpay.serving.limits import Limits
from pocketpay.serving.reading import BATCH, REST, read
from tests.people import made

DESCRIPTION = "Réserve «№ 5»: 日本語 🎉 # "
RESULTS = (
    "replayed results { transaction { id status } wallet { version } errors { code path } } errors { code path }"
)


def transfers(number: int, *, description: str = "x" * 500) -> str:
    quoted = json.dumps(description, ensure_ascii=False)
    return " ".join(
        f'{{to: "somebody-with-a-long-name-{n:04}", amount: "1234.56", description: {quoted}}}' for n in range(number)
    )


def batch(items: str, *, beside: str = "") -> str:
    argument = f'input: {{idempotencyKey: "a-key-of-a-batch", transfers: [{items}]}}'
    return f"mutation {{ transferBatch({argument}) {{ {RESULTS} {beside} }} }}"


def refused(text: str, *, anonymous: bool = False) -> str | None:
    """Why a document is refused, or None."""
    prepared = Documents(SHORT, Limits.of(made()), introspection=False).prepared(text, anonymous=anonymous)
    return prepared.errors[0].message if prepared.errors else None


@pytest.mark.parametrize(
    "description",
    ["x" * 500, "é" * 500, (DESCRIPTION * 30)[:500], 'a tab\t, "quotes" and a \\' + "x" * 470],
    ids=["ascii", "accents", "all kinds", "escapes"],
)
def test_batch_of_a_hundred_transfers_with_long_descriptions_is_written_out(description: str) -> None:
    assert len(description) <= 500
    assert refused(batch(transfers(100, description=description))) is None
    indented = transfers(100, description=description).replace("{", "{\n      ").replace(" }", "\n    }")
    assert refused(batch(indented)) is None


def test_batch_beyond_its_length_is_too_complex() -> None:
    assert refused(batch(transfers(110))) == "This document is longer than 1000 tokens."
    assert refused(batch(transfers(50, description="x" * 1_400))) == "This document is longer than 20000 characters."


def test_stranger_writes_no_batch_out() -> None:
    assert refused(batch(transfers(100, description="x")), anonymous=True) == (
        "This document is longer than 400 tokens; the limit for signed-in requests is 1000."
    )
    assert refused(batch(transfers(20)), anonymous=True) == "This document is longer than 8000 characters."


@pytest.mark.parametrize(
    "text",
    [
        batch(transfers(100), beside="id " * REST.tokens),
        batch(transfers(100)) + " query q { __typename }",
        batch(transfers(100)).replace("mutation", "query"),
        batch(transfers(100)).replace("{ transferBatch", "{ signOut { revoked } transferBatch"),
        batch(transfers(100)).replace("{ transferBatch", "{ ... on Mutation { transferBatch") + " }",
        batch("".join(f'"{n}" ' for n in range(1_100))),
        batch(transfers(20), beside="id " * 1_000),
    ],
    ids=["much beside", "two operations", "a query", "two mutations", "in a fragment", "no objects", "few items"],
)
def test_only_a_mutation_that_is_alone_has_a_batch_beyond_the_tokens(text: str) -> None:
    assert refused(text) == "This document is longer than 1000 tokens."


def long_list(characters: int, filler: str) -> str:
    return batch(transfers(1, description="x")).replace("[", "[" + filler * (characters // len(filler)), 1)


@pytest.mark.parametrize("filler", [" ", "#x\n", '"""x"""', '# "x"\n', ","])
def test_only_what_is_in_quotes_may_be_longer(filler: str) -> None:
    assert refused(long_list(21_000, filler)) == "This document is longer than 20000 characters."


def test_escapes_count_as_what_they_cost() -> None:
    text = batch('{to: "bob", amount: "1", description: "' + "\\n" * 10_000 + '"}')
    assert refused(text) == "This document is longer than 20000 characters."


def test_quotes_beside_a_batch_are_not_longer() -> None:
    for text in ('{ profile(username: "' + "x" * 20_000 + '") { id } }', batch("").replace("a-key", "x" * 20_000)):
        assert refused(text) == "This document is longer than 20000 characters."


def test_limits_of_a_batch_have_room_for_a_hundred_transfers() -> None:
    assert BATCH.tokens >= 11 * 100 + 2
    assert BATCH.characters >= 500 * 100


PIECES = st.sampled_from(
    [
        '"',
        "\\",
        "\\n",
        "\\u00e9",
        "\\u{1F600}",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\x",
        "\r\n",
        "\n",
        "é",
        "😀",
        "#",
        "x" * 9,
        " ",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join))
def test_tokens_are_those_of_graphql_core(text: str) -> None:
    assert tokens(QuickLexer(Source(f'"{text}" x'))) == tokens(Lexer(Source(f'"{text}" x')))


def tokens(lexer: Lexer) -> list[tuple[object, ...]]:
    """What a lexer gives, until it finds what is wrong, and where."""
    found: list[tuple[object, ...]] = []
    try:
        while lexer.advance().kind is not TokenKind.EOF:
            token = lexer.token
            found.append((token.kind, token.start, token.end, token.line, token.column, token.value))
    except GraphQLSyntaxError as error:
        found.append((error.message, error.positions))
    return found


def test_nesting_without_end_is_an_error_of_the_document() -> None:
    with pytest.raises(GraphQLError):
        read("{ a " * 300, 1_000, anonymous=False)
