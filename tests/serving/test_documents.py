"""The cost of preparing a document is bounded, whatever the document is."""

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

from benchmarks import expensive_documents
from pocketpay.app import SERVED_SCHEMA
from pocketpay.serving.documents import MAX_CACHED_ANONYMOUS_TOKENS, MAX_DEFINITIONS, Documents
from pocketpay.serving.limits import Limits
from pocketpay.serving.plans import Plans
from pocketpay.serving.validation import FRAGMENT_BUDGET, MAX_LISTED_VALUES, OVERLAP_BUDGET, Validator
from tests.people import made

EXPLORER = Path(__file__).parents[2] / "explorer" / "src"

MERGED = (
    "{ viewer { "
    + " ".join(f"...f{n}" for n in range(10))
    + " } } "
    + " ".join(f"fragment f{n} on User {{ id username name avatarUrl wallet {{ id }} }}" for n in range(10))
)
"""A document of ten components of a screen, each with its own fragment on the same user."""


def documents() -> Documents:
    return Documents(SERVED_SCHEMA, Limits.of(made()), introspection=False)


class Spent:
    """The amounts that validation has spent of its budgets."""

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
def test_documents_that_repeat_fields_too_often_are_refused(text: str) -> None:
    (error,) = documents().prepared(text).errors
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}


def test_validation_stops_at_its_budget_of_compared_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, most = random.Random(8), 0
    for _ in range(150):
        with counted(monkeypatch) as spent:
            documents().prepared(expensive_documents.at_random(chance).text)
        assert spent.overlap <= OVERLAP_BUDGET + 2
        assert spent.fragments <= FRAGMENT_BUDGET + expensive_documents.TOKENS
        most = max(most, spent.overlap)
    assert most > OVERLAP_BUDGET, "some documents reach the budget"


def test_documents_of_real_clients_use_at_most_half_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [file.read_text() for file in EXPLORER.rglob("*.graphql")]
    assert len(texts) > 20
    for text in (*texts, get_introspection_query(), MERGED):
        with counted(monkeypatch) as spent:
            prepared = Documents(SERVED_SCHEMA, Limits.of(made()), introspection=True).prepared(text)
        assert prepared.errors == []
        assert spent.overlap <= OVERLAP_BUDGET // 2, text


def test_documents_with_too_many_operations_and_fragments_are_refused() -> None:
    for text in (
        " ".join(f"query q{n} {{ __typename }}" for n in range(MAX_DEFINITIONS + 1)),
        "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ __typename }}" for n in range(MAX_DEFINITIONS)),
    ):
        (error,) = documents().prepared(text).errors
        assert error.message == f"This document has more than {MAX_DEFINITIONS} operations and fragments."


def test_documents_with_too_many_list_values_are_refused() -> None:
    def messages(first: int, second: int) -> list[str]:
        lists = "transactions(filter: {types: [" + "SEND " * first + "], statuses: [" + "COMPLETED " * second + "]})"
        return [error.message for error in documents().prepared(f"{{ {lists} {{ totalCount }} }}").errors]

    assert messages(100, 100) == []
    assert messages(100, 101) == ["The lists of this document have more than 200 values. Use a variable."]
    assert messages(201, 0) == messages(100, 101)


def test_objects_in_a_list_are_not_counted_as_values() -> None:
    transfers = '{to: "bob", amount: "1", description: ""} ' * (MAX_LISTED_VALUES + 1)
    batch = f'transferBatch(input: {{idempotencyKey: "a-key-of-a-batch", transfers: [{transfers}]}}) {{ replayed }}'
    limits = replace(Limits.of(made()), tokens=3_000)
    assert Documents(SERVED_SCHEMA, limits, introspection=False).prepared(f"mutation {{ {batch} }}").errors == []


def test_no_validation_rule_visits_names() -> None:
    """Validation does not visit name nodes, so no rule may handle them or every kind of node."""
    context = ValidationContext(SERVED_SCHEMA, parse("{ __typename }"), TypeInfo(SERVED_SCHEMA), lambda _: None)
    for rule in Validator(SERVED_SCHEMA, introspection=False).rules:
        handlers = rule(context).get_enter_leave_for_kind("name")
        if rule is UniqueDirectivesPerLocationRule:
            assert "directives" not in NameNode.keys
        else:
            assert handlers == (None, None), rule


def test_a_number_that_is_too_long_is_a_validation_error() -> None:
    (error,) = documents().prepared("{ transactions(first: " + "9" * 5_000 + ") { totalCount } }").errors
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert "9" not in error.message


def test_anonymous_documents_evict_none_of_signed_in_users() -> None:
    kept = documents()
    members = kept.prepared("{ __typename }")
    strangers = kept.prepared("{ a: __typename }", anonymous=True)
    for number in range(MAX_CACHED_ANONYMOUS_TOKENS // 10):
        kept.prepared(f"{{ a{number}: __typename }}", anonymous=True)
    assert kept.prepared("{ __typename }") is members
    assert kept.prepared("{ a: __typename }", anonymous=True) is not strangers


def test_the_plans_of_a_document_use_no_more_memory_than_its_weight_allows() -> None:
    """A short document can have several operations that each select the fields of its fragments many times."""
    leaves = "id type status direction description createdAt updatedAt isRisky bankName expiresAt completedAt"
    parts = " ".join(f"part{number}: refundOf {{ ...leaves }}" for number in range(29))
    operations = " ".join(f"query q{number} {{ transactions {{ nodes {{ ...parts }} }} }}" for number in range(11))
    fragments = f"fragment leaves on Transaction {{ {leaves} }} fragment parts on Transaction {{ {parts} }}"
    prepared = documents().prepared(f"{operations} {fragments}", anonymous=True)
    assert prepared.errors == []
    tracemalloc.start()
    try:
        plans = [Plans(SERVED_SCHEMA).plan(operation) for operation in prepared.operations]
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert None not in plans
    assert used <= 512 * prepared.tokens


def test_a_document_of_a_signed_in_user_is_prepared_for_anonymous_requests_too() -> None:
    kept = documents()
    assert kept.prepared("{ __typename }", anonymous=True) is kept.prepared("{ __typename }")


def test_a_document_beyond_the_budget_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with counted(monkeypatch) as spent:
        (error,) = development_documents().prepared("{ wallet { " + "id " * 480 + "} }").errors
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}
    assert spent.overlap <= OVERLAP_BUDGET + 2


def test_only_a_short_document_gets_a_suggested_name() -> None:
    def messages(aliases: int) -> str:
        fields = (f"a{n}: __typename @include(if: true) @skip(if: false)" for n in range(aliases))
        text = "{ walet { id } " + " ".join(fields) + " }"
        (error,) = development_documents().prepared(text).errors
        return error.message

    assert messages(20) == "Cannot query field 'walet' on type 'Query'. Did you mean 'wallet'?"
    assert messages(28) == "Cannot query field 'walet' on type 'Query'."


def development_documents() -> Documents:
    """Documents as in development, where error messages suggest the names that were probably meant."""
    return Documents(SERVED_SCHEMA, Limits.of(made()), introspection=True)


def test_a_long_document_gets_only_one_validation_error() -> None:
    """Each error would quote the whole document."""

    def mistakes(fields: int) -> int:
        wrong = " ".join(f"x{n}: 1" for n in range(fields))
        errors = development_documents().prepared(f"{{ transactions(filter: {{{wrong}}}) {{ totalCount }} }}").errors
        return sum("not to include unknown field" in error.message for error in errors)

    assert mistakes(50) == 5
    assert mistakes(300) == 1


LONG = "{ " + " ".join(f"a{n}: __typename @include(if: true) @skip(if: false)" for n in range(30)) + " }"


def test_anonymous_documents_have_a_lower_limit_than_those_of_signed_in_users() -> None:
    kept = documents()
    (error,) = kept.prepared(LONG, anonymous=True).errors
    assert error.message == "This document is longer than 400 tokens; the limit for signed-in requests is 1000."
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}
    assert kept.prepared(LONG).errors == []
    assert kept.prepared(get_introspection_query(), anonymous=True).errors[0].extensions != error.extensions


@pytest.mark.parametrize(("anonymous", "most"), [(True, 8_000), (False, 20_000)])
def test_characters_in_quotes_are_limited_too(*, anonymous: bool, most: int) -> None:
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
def test_an_evicted_document_is_freed_without_the_garbage_collector(text: str) -> None:
    """Otherwise documents pile up until the collector runs, which then stops the event loop for long."""
    kept = documents()
    for number in range(10):
        kept.prepared(f"{text} #{number}")
    gc.collect()
    gc.disable()
    try:
        alive = len([one for one in gc.get_objects() if isinstance(one, DocumentNode)])
        for number in range(1_000, 1_050):
            Documents(SERVED_SCHEMA, Limits.of(made()), introspection=True).prepared(
                f"{text} #{number}", anonymous=True
            )
        assert len([one for one in gc.get_objects() if isinstance(one, DocumentNode)]) == alive
    finally:
        gc.enable()
