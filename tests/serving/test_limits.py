"""How much a document may ask for."""

from typing import Any

import pytest
from graphql import (
    FieldNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from pocketpay.api.schema import schema
from pocketpay.serving.documents import MAX_CACHED_TOKENS, Documents
from pocketpay.serving.failures import TooComplex
from pocketpay.serving.limits import Limits, Measure, Weight
from tests.people import made

LIMITS = Limits.of(made())
LIST = "nodes { amount { amount } sender { username } }"


def documents(limits: Limits = LIMITS) -> Documents:
    return Documents(schema._schema, limits, introspection=True)


def weigh(text: str, variables: dict[str, Any] | None = None) -> Weight:
    document = parse(text)
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return Measure(schema._schema, document, variables).operation(operation)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{ __typename }", 0),
        ("{ viewer { id } }", 1),
        ("{ viewer { wallet { balance { amount } } } }", 3),
        ("{ viewer { sessions { id } } }", 3),
        (f"{{ transactions {{ {LIST} }} }}", 1 + 20 * 3),
        (f"{{ transactions(first: 5) {{ {LIST} }} }}", 1 + 5 * 3),
        (f"{{ transactions(last: 7) {{ {LIST} pageInfo {{ hasNextPage }} }} }}", 1 + 7 * 3 + 1),
        ("{ transactions(first: 5) { edges { node { id } } } }", 1 + 5 * 2),
        (f"{{ transactions(first: 1000000) {{ {LIST} }} }}", 1 + 100 * 3),
        (f"query ($n: Int) {{ transactions(first: $n) {{ {LIST} }} }}", 1 + 100 * 3),
        ('{ searchProfiles(text: "a") { id } }', 10),
        ('{ searchProfiles(text: "a", first: 3) { id } }', 3),
        ("{ a: viewer { ...w } b: viewer { ...w } } fragment w on User { wallet { id } }", 4),
        ("{ transactions { nodes { refunds { id } } } }", 1 + 20 * (1 + 20)),
        ("{ cards { spentThisMonth { amount } } }", 100 * 2),
        ('{ operations { customers(find: "ada") { sessions { id } } } }', 1 + 2 * (1 + 50)),
        ("mutation ($i: SplitBillInput!) { splitBill(input: $i) { moneyRequests { id } } }", 1 + 20),
        ("{ transactions(first: 4) { ...c } } fragment c on TransactionConnection { nodes { id } }", 5),
        ("{ __schema { types { fields { type { ofType { ofType { ofType { name } } } } } } } }", 0),
    ],
)
def test_cost_counts_the_objects_an_answer_may_hold(text: str, cost: int) -> None:
    assert weigh(text).cost == cost


def test_fragments_count_at_each_spread_and_are_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    walked = 0
    walk = Measure._selections

    def counted(self: Measure, *arguments: Any) -> Weight:
        nonlocal walked
        walked += 1
        return walk(self, *arguments)

    monkeypatch.setattr(Measure, "_selections", counted)
    bomb = (
        "{ ...f0 } "
        + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60))
        + (" fragment f60 on Query { a: viewer { id } }")
    )
    weight = weigh(bomb)
    assert walked == 1 + 61 + 1, "the operation, each fragment, and the viewer's fields"
    assert weight.fields == 2 * 2**60
    assert weight.aliases == 2**60
    assert weight.depth == 2


def test_fragments_in_a_circle_end() -> None:
    circle = "fragment a on Query { ...b viewer { ...c } } fragment b on Query { ...a } fragment c on User { ...c }"
    weigh("{ ...a } " + circle)


def _many(field: str, times: int) -> str:
    return "{ " + " ".join(f"a{n}: {field}" for n in range(times)) + " }"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{ viewer " + "{ wallet " * 10 + "{ id }" + " }" * 11, "is nested 12 levels deep"),
        (_many("__typename", 31), "31 aliases"),
        ("{ wallet { " + "id " * 500 + "} }", "501 fields"),
        (_many("transactions(first: 100) { nodes { id } }", 20), "2020 objects"),
        ('{ transaction(id: "") { ' + "refunds { refundOf { " * 3 + "id" + " }" * 8, "objects"),
        (
            "mutation ($i: TransferBatchInput!) { transferBatch(input: $i) { results { wallet { "
            "transactions(first: 0) { totalCount } } } } }",
            "reads 100 pages",
        ),
        ("{ " + "__typename " * 1_000 + " }", "longer than 1000 tokens"),
        ("mutation " + _many('cancelTransfer(id: "") { replayed }', 6), "more than 5"),
        ("mutation { operations " + _many("unfreezeWallet(input: $i) { errors { code } }", 6) + " }", "more than 5"),
        (
            "mutation { signOut { revoked } ...o ...o } fragment o on Mutation { operations { ...u ... { "
            "a: unfreezeWallet(input: $i) { errors { code } } } } } fragment u on OperationsMutations { "
            "b: unfreezeWallet(input: $i) { errors { code } } c: unfreezeWallet(input: $i) { errors { code } } }",
            "more than 5",
        ),
        (
            "mutation { ...m ...m ...m } fragment m on Mutation { signOut { revoked } ... { signOut { revoked } } }",
            "than 5",
        ),
    ],
)
def test_a_document_past_a_limit_is_too_complex(text: str, words: str) -> None:
    (error,) = documents().prepared(text).errors
    assert words in error.message
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX"}


def test_a_page_size_in_a_variable_is_weighed_with_its_value() -> None:
    text = (
        "query ($n: Int) { "
        + " ".join(f"a{n}: transactions(first: $n) {{ nodes {{ id }} }}" for n in range(20))
        + " }"
    )
    kept = documents()
    operation = kept.prepared(text).operation(None)
    assert operation.recheck
    kept.check_cost(operation, {"n": 10})
    kept.check_cost(operation, None)
    with pytest.raises(TooComplex):
        kept.check_cost(operation, {"n": 100})


def test_a_text_is_made_ready_once_and_forgotten_when_there_are_too_many() -> None:
    kept = documents()
    first = kept.prepared("{ __typename }")
    assert kept.prepared("{ __typename }") is first
    for n in range(MAX_CACHED_TOKENS // 300 + 1):
        kept.prepared(f"# {n}\n" + "{ __typename }" + "#" * 19_000)
    assert kept.prepared("{ __typename }") is not first


HOME = """
query Home {
  viewer { ...Person email emailVerified phone role createdAt wallet { ...Purse } }
  payments: transactions(first: 10) { ...Payments }
  topUps: transactions(first: 10, filter: {types: [DEPOSIT, WITHDRAWAL]}) { ...Payments }
  asked: moneyRequests(first: 10, direction: INCOMING) { ...Requests }
  asking: moneyRequests(first: 10, direction: OUTGOING) { ...Requests }
}
fragment Amount on Money { amount currency minorUnits }
fragment Face on Profile { id username name avatarUrl }
fragment Person on User { id username name avatarUrl }
fragment Page on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }
fragment Purse on Wallet {
  id currency status version createdAt balance { ...Amount } held { ...Amount } available { ...Amount }
  limits { kind total { ...Amount } used { ...Amount } remaining { ...Amount } }
}
fragment Payment on Transaction {
  id type status direction description isRisky failureCode bankName createdAt updatedAt completedAt expiresAt
  amount { ...Amount } fee { ...Amount } total { ...Amount } refunded { ...Amount }
  sender { ...Face } recipient { ...Face } counterparty { ...Face } riskReasons { rule message }
  card { id label last4 status brand expiryMonth expiryYear spentThisMonth { ...Amount } }
  refundOf { id status total { ...Amount } refunded { ...Amount } counterparty { ...Face } }
}
fragment Payments on TransactionConnection { totalCount edges { cursor node { ...Payment } } pageInfo { ...Page } }
fragment Request on MoneyRequest {
  id status direction description createdAt updatedAt expiresAt amount { ...Amount }
  requester { ...Face } payer { ...Face } transaction { ...Payment }
}
fragment Requests on MoneyRequestConnection { totalCount edges { cursor node { ...Request } } pageInfo { ...Page } }
"""
"""A home screen with four connections, which shows nearly all there is to show."""


def as_apollo_sends(text: str) -> str:
    """The document with `__typename` in every selection but those of the roots, as Apollo Client adds it."""
    document = parse(text)

    class Names(Visitor):
        def enter_selection_set(self, node: SelectionSetNode, _key: Any, parent: Any, *_: Any) -> Any:
            if isinstance(parent, OperationDefinitionNode):
                return None
            return SelectionSetNode(selections=(*node.selections, FieldNode(name=NameNode(value="__typename"))))

    return print_ast(visit(document, Names()))


def test_home_screen_with_typename_in_every_selection_is_within_the_limits() -> None:
    text = as_apollo_sends(HOME)
    assert weigh(text.replace("__typename", "id")).fields > LIMITS.fields
    assert documents().prepared(text).errors == []
    assert weigh(text).fields == weigh(HOME).fields


def test_typename_counts_with_an_alias_and_only_then() -> None:
    assert weigh("{ __typename viewer { __typename id } }").fields == 2
    assert weigh("{ a: __typename viewer { b: __typename id } }").fields == 4


def test_typename_is_no_mutation() -> None:
    operations = _many("unfreezeWallet(input: $i) { errors { code } }", 5).replace("{ ", "{ __typename ", 1)
    text = f"mutation ($i: FreezeInput!) {{ __typename operations {operations} }}"
    assert all("most 5" not in error.message for error in documents().prepared(text).errors)


def test_the_introspection_of_graphiql_is_within_the_limits() -> None:
    from graphql import get_introspection_query

    prepared = documents().prepared(get_introspection_query(specified_by_url=True, directive_is_repeatable=True))
    assert prepared.errors == []
