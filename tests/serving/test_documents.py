"""What preparing a document costs: bounded whatever a stranger writes."""

import gc
import random
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from graphql import DocumentNode, NameNode, TypeInfo, get_introspection_query, parse
from graphql.validation import UniqueDirectivesPerLocationRule
from graphql.validation.rules import overlapping_fields_can_be_merged as overlapping
from graphql.validation.validation_context import ValidationContext

from benchmarks import dear_documents
from pocketpay.app import SHORT
from pocketpay.serving.documents import (
    FRAGMENT_BUDGET,
    MAX_CACHED_ANONYMOUS_TOKENS,
    MAX_DEFINITIONS,
    MAX_LISTED_VALUES,
    OVERLAP_BUDGET,
    Documents,
)
from pocketpay.serving.limits import Limits
from pocketpay.serving.plans import Plans
from tests.people import made

EXPLORER = Path(__file__).parents[2] / "explorer" / "src"

MERGED = (
    "{ viewer { "
    + " ".join(f"...f{n}" for n in range(10))
    + " } } "
    + " ".join(f"fragment f{n} on User {{ id username name avatarUrl wallet {{ id }} }}" for n in range(10))
)
"""Ten parts of a screen that each ask for what they show of the same person."""


def documents() -> Documents:
    return Documents(SHORT, Limits.of(made()), introspection=False)


class Spent:
    """What validation has spent."""

    overlap = fragments = 0


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spent]:
    """Counts what validation spends of its budgets."""
    spent = Spent()
    spend, spend_fragments = overlapping.spend_complexity_budget, ValidationContext.spend_fragment_work

    def overlap(context: overlapping.RuleContext, cost: int) -> None:
        spent.overlap += cost
        spend(context, cost)

    def fragments(context: ValidationContext, cost: int) -> None:
        spent.fragments += cost
        spend_fragments(context, cost)

    with monkeypatch.context() as patched:
        patched.setattr(overlapping, "spend_complexity_budget", overlap)
        patched.setattr(ValidationContext, "spend_fragment_work", fragments)
        yield spent


@pytest.mark.parametrize(
    "text",
    [
        "{ " + "viewer { id } " * 230 + "}",
        "{ wallet { " + "id " * 480 + "} }",
        "{ " + 'profile(username: "a") { id } ' * 100 + "}",
        "{ " + "...on Query { __typename } " * 140 + "}",
        "{ " + "__schema { types { name } } " * 90 + "}",
    ],
    ids=["objects", "leaves", "arguments", "inline fragments", "introspection"],
)
def test_fields_repeated_too_often_are_refused(text: str) -> None:
    (error,) = documents().prepared(text).errors
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}


def test_validation_compares_no_more_pairs_than_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, most = random.Random(8), 0
    for _ in range(150):
        with counted(monkeypatch) as spent:
            documents().prepared(dear_documents.at_random(chance).text)
        assert spent.overlap <= OVERLAP_BUDGET + 2
        assert spent.fragments <= FRAGMENT_BUDGET + dear_documents.TOKENS
        most = max(most, spent.overlap)
    assert most > OVERLAP_BUDGET, "some of them would compare more"


def test_documents_of_real_clients_spend_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [file.read_text() for file in EXPLORER.rglob("*.graphql")]
    assert len(texts) > 20
    for text in (*texts, get_introspection_query(), MERGED):
        with counted(monkeypatch) as spent:
            prepared = Documents(SHORT, Limits.of(made()), introspection=True).prepared(text)
        assert prepared.errors == []
        assert spent.overlap <= OVERLAP_BUDGET // 2, text


def test_many_operations_and_fragments_are_refused() -> None:
    for text in (
        " ".join(f"query q{n} {{ __typename }}" for n in range(MAX_DEFINITIONS + 1)),
        "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ __typename }}" for n in range(MAX_DEFINITIONS)),
    ):
        (error,) = documents().prepared(text).errors
        assert error.message == f"This document has more than {MAX_DEFINITIONS} operations and fragments."


def test_lists_of_many_values_are_refused() -> None:
    def told(first: int, second: int) -> list[str]:
        lists = "transactions(filter: {types: [" + "SEND " * first + "], statuses: [" + "COMPLETED " * second + "]})"
        return [error.message for error in documents().prepared(f"{{ {lists} {{ totalCount }} }}").errors]

    assert told(100, 100) == []
    assert told(100, 101) == ["The lists of this document have more than 200 values. Use a variable."]
    assert told(201, 0) == told(100, 101)


def test_objects_in_a_list_are_not_counted_as_values() -> None:
    transfers = '{to: "bob", amount: "1", description: ""} ' * (MAX_LISTED_VALUES + 1)
    batch = f'transferBatch(input: {{idempotencyKey: "a-key-of-a-batch", transfers: [{transfers}]}}) {{ replayed }}'
    limits = replace(Limits.of(made()), tokens=3_000)
    assert Documents(SHORT, limits, introspection=False).prepared(f"mutation {{ {batch} }}").errors == []


def test_no_rule_of_validation_looks_at_a_name() -> None:
    """Validation does not visit names. A rule that handles every kind of node, or names, would miss them."""
    context = ValidationContext(SHORT, parse("{ __typename }"), TypeInfo(SHORT), lambda _: None)
    for rule in documents()._rules:
        handlers = rule(context).get_enter_leave_for_kind("name")
        if rule is UniqueDirectivesPerLocationRule:
            assert "directives" not in NameNode.keys
        else:
            assert handlers == (None, None), rule


def test_number_too_long_to_be_read_is_the_clients_mistake() -> None:
    (error,) = documents().prepared("{ transactions(first: " + "9" * 5_000 + ") { totalCount } }").errors
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert "9" not in error.message


def test_strangers_texts_forget_none_of_a_members() -> None:
    kept = documents()
    members = kept.prepared("{ __typename }")
    strangers = kept.prepared("{ a: __typename }", anonymous=True)
    for number in range(MAX_CACHED_ANONYMOUS_TOKENS // 10):
        kept.prepared(f"{{ a{number}: __typename }}", anonymous=True)
    assert kept.prepared("{ __typename }") is members
    assert kept.prepared("{ a: __typename }", anonymous=True) is not strangers


def test_plans_of_a_text_are_within_what_it_weighs() -> None:
    """A short text may have several operations, each of which selects the fields of its fragments many times."""
    leaves = "id type status direction description createdAt updatedAt isRisky bankName expiresAt completedAt"
    parts = " ".join(f"part{number}: refundOf {{ ...leaves }}" for number in range(29))
    operations = " ".join(f"query q{number} {{ transactions {{ nodes {{ ...parts }} }} }}" for number in range(11))
    fragments = f"fragment leaves on Transaction {{ {leaves} }} fragment parts on Transaction {{ {parts} }}"
    prepared = documents().prepared(f"{operations} {fragments}", anonymous=True)
    assert prepared.errors == []
    tracemalloc.start()
    try:
        plans = [Plans(SHORT).plan(operation) for operation in prepared.operations]
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert None not in plans
    assert used <= 512 * prepared.tokens


def test_text_of_a_member_is_prepared_once_for_strangers_too() -> None:
    kept = documents()
    assert kept.prepared("{ __typename }", anonymous=True) is kept.prepared("{ __typename }")


def test_document_beyond_the_budget_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with counted(monkeypatch) as spent:
        (error,) = suggesting().prepared("{ wallet { " + "id " * 480 + "} }").errors
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}
    assert spent.overlap <= OVERLAP_BUDGET + 2


def test_only_a_short_document_hears_which_name_was_meant() -> None:
    def told(aliases: int) -> str:
        fields = (f"a{n}: __typename @include(if: true) @skip(if: false)" for n in range(aliases))
        text = "{ walet { id } " + " ".join(fields) + " }"
        (error,) = suggesting().prepared(text).errors
        return error.message

    assert told(20) == "Cannot query field 'walet' on type 'Query'. Did you mean 'wallet'?"
    assert told(28) == "Cannot query field 'walet' on type 'Query'."


def suggesting() -> Documents:
    """In development the server says which names were probably meant."""
    return Documents(SHORT, Limits.of(made()), introspection=True)


def test_long_document_hears_of_one_mistake() -> None:
    """Each of them would quote all that was written."""

    def mistakes(fields: int) -> int:
        wrong = " ".join(f"x{n}: 1" for n in range(fields))
        errors = suggesting().prepared(f"{{ transactions(filter: {{{wrong}}}) {{ totalCount }} }}").errors
        return sum("not to include unknown field" in error.message for error in errors)

    assert mistakes(50) == 5
    assert mistakes(300) == 1


LONG = "{ " + " ".join(f"a{n}: __typename @include(if: true) @skip(if: false)" for n in range(30)) + " }"


def test_stranger_writes_less_than_a_member() -> None:
    kept = documents()
    (error,) = kept.prepared(LONG, anonymous=True).errors
    assert error.message == "This document is longer than 400 tokens; the limit for signed-in requests is 1000."
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}
    assert kept.prepared(LONG).errors == []
    assert kept.prepared(get_introspection_query(), anonymous=True).errors[0].extensions != error.extensions


@pytest.mark.parametrize(("anonymous", "most"), [(True, 8_000), (False, 20_000)])
def test_text_in_quotes_is_bounded_too(*, anonymous: bool, most: int) -> None:
    def text(characters: int) -> str:
        start, end = '{ profile(username: """', '""") { id } }'
        return start + "x" * (characters - len(start) - len(end)) + end

    assert documents().prepared(text(most), anonymous=anonymous).errors == []
    (error,) = documents().prepared(text(most + 1), anonymous=anonymous).errors
    assert error.message == f"This document is longer than {most} characters."
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}


@pytest.mark.parametrize(
    "text", ["{ wallet { id currency } }", "{ wallet { id curency } }", "{ a " + "{ b " * 3 + "} } } }", LONG]
)
def test_document_that_is_forgotten_is_gone_without_the_garbage_collector(text: str) -> None:
    """Else documents pile up until it comes, and it stops the event loop for long."""
    kept = documents()
    for number in range(10):
        kept.prepared(f"{text} #{number}")
    gc.collect()
    gc.disable()
    try:
        alive = len([one for one in gc.get_objects() if isinstance(one, DocumentNode)])
        for number in range(1_000, 1_050):
            Documents(SHORT, Limits.of(made()), introspection=True).prepared(f"{text} #{number}", anonymous=True)
        assert len([one for one in gc.get_objects() if isinstance(one, DocumentNode)]) == alive
    finally:
        gc.enable()
