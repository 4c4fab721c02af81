"""Variables on the short way come to what graphql-core makes of them, and anything odd is told in its words."""

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, Undefined, parse
from graphql.execution.values import VariableValues, get_variable_values

from pocketpay.api.schema import schema
from pocketpay.serving.variables import MAX_ERRORS, MAX_VALUES, Variables

CORE = schema._schema
PAYMENT = {"to": "bob", "amount": "1.00", "description": "tea", "idempotencyKey": "a-key-1234"}
PROFILE = {"name": "Ada"}

PAY = "mutation ($input: TransferInput!) { transfer(input: $input) { replayed } }"
PAGE = "query ($first: Int, $after: String) { transactions(first: $first, after: $after) { totalCount } }"
DEFAULT = "query ($first: Int = 3) { transactions(first: $first) { totalCount } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
CHANGE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { errors { code } } }"
FILTER = "query ($filter: TransactionFilter) { transactions(filter: $filter) { totalCount } }"
JOIN = "mutation ($input: SignUpInput!) { signUp(input: $input) { errors { code } } }"
AT = "query ($time: DateTime!) { wallet { balanceAt(time: $time) { amount } } }"

GIVEN: list[tuple[str, dict[str, Any]]] = [
    (PAY, {"input": PAYMENT}),
    (PAY, {"input": {**PAYMENT, "amount": 12}}),
    (PAY, {"input": {**PAYMENT, "amount": 1.5}}),
    (PAY, {"input": {**PAYMENT, "amount": None}}),
    (PAY, {"input": {**PAYMENT, "to": 7}}),
    (PAY, {"input": {**PAYMENT, "to": None, "amount": "x", "more": 1}}),
    (PAY, {"input": {**PAYMENT, "more": None}}),
    (PAY, {"input": {name: value for name, value in PAYMENT.items() if name != "description"}}),
    (PAY, {"input": {**{name: value for name, value in PAYMENT.items() if name != "description"}, "more": 1}}),
    (PAY, {"input": {**PAYMENT, "description": None}}),
    (PAY, {"input": {"to": "bob"}}),
    (PAY, {"input": {}}),
    (PAY, {"input": []}),
    (PAY, {"input": list(PAYMENT)}),
    (PAY, {"input": "to amount description idempotencyKey"}),
    (PAY, {"input": None}),
    (PAY, {}),
    (PAY, {"input": PAYMENT, "unasked": 1}),
    (PAGE, {}),
    (PAGE, {"first": None}),
    (PAGE, {"first": 5, "after": "x"}),
    (PAGE, {"first": 5.0}),
    (PAGE, {"first": 5.5}),
    (PAGE, {"first": True}),
    (PAGE, {"first": 2**40}),
    (PAGE, {"after": 3}),
    (DEFAULT, {}),
    (DEFAULT, {"first": None}),
    (NODE, {"id": 4}),
    (NODE, {"id": "x"}),
    (NODE, {"id": None}),
    (NODE, {}),
    (CHANGE, {"input": {}}),
    (CHANGE, {"input": PROFILE}),
    (CHANGE, {"input": {**PROFILE, "name": None}}),
    (CHANGE, {"input": {**PROFILE, "name": ["Ada"]}}),
    (FILTER, {"filter": {}}),
    (FILTER, {"filter": {"types": ["SEND"]}}),
    (FILTER, {"filter": {"types": "SEND"}}),
    (FILTER, {"filter": {"types": ["NONE"]}}),
    (AT, {"time": "2026-11-22T18:30:00Z"}),
    (AT, {"time": "2026-11-22"}),
    (JOIN, {"input": {"username": "ada", "name": "Ada", "password": "a-long-password"}}),
]


@pytest.mark.parametrize(("text", "given"), GIVEN)
def test_variables_come_to_what_graphql_core_makes_of_them(text: str, given: dict[str, Any]) -> None:
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    definitions = operation.variable_definitions or ()
    expected = get_variable_values(CORE, definitions, given, max_errors=MAX_ERRORS, hide_suggestions=True)
    values = Variables(CORE, definitions).values(given)
    assert told(values) == told(expected)


def told(values: VariableValues | list[GraphQLError]) -> object:
    """What a request learns of them."""
    if isinstance(values, list):
        return [(error.message, error.locations) for error in values]
    sources = {name: (source.signature, source.value) for name, source in values.sources.items()}
    return values.coerced, {
        name: (signature.name, str(signature.type), None if value is Undefined else value)
        for name, (signature, value) in sources.items()
    }


def test_an_input_of_leaves_goes_the_short_way() -> None:
    operation = parse(PAY).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert Variables(CORE, operation.variable_definitions or ())._fast is not None


@pytest.mark.parametrize(
    "value",
    [
        [1] * MAX_VALUES,
        [[]] * MAX_VALUES,
        [[1] * 99] * 10,
        {str(number): 1 for number in range(MAX_VALUES)},
    ],
    ids=["numbers", "lists", "lists in lists", "fields"],
)
def test_variables_of_too_many_values_are_refused(value: Any) -> None:
    given = checked("query ($ids: [[Int]]) { viewer { id } }", {"ids": value})
    assert isinstance(given, list)
    assert [error.extensions for error in given] == [{"code": "QUERY_TOO_COMPLEX"}]


def test_variables_have_room_for_a_batch_of_a_hundred_transfers() -> None:
    transfers = [{"to": "bob", "amount": "1.00", "description": "x" * 500}] * 100
    text = "mutation ($input: TransferBatchInput!) { transferBatch(input: $input) { replayed } }"
    given = checked(text, {"input": {"idempotencyKey": "a-key-1234", "atomic": True, "transfers": transfers}})
    assert isinstance(given, VariableValues)


def checked(text: str, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return Variables(CORE, operation.variable_definitions or ()).values(given)
