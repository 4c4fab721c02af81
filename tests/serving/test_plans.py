"""A plan returns what the executor returns, or there is no plan.

Every test with a server in its process checks that too, by `checked_plans`. These tests cover the whole schema, and
errors while a plan runs."""

import gc
from collections.abc import Callable, Iterator
from typing import Any, cast
from unittest.mock import AsyncMock
from uuid import UUID

import pytest
from graphql import (
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
    parse,
    validate,
)

from pocketpay.api.wallet import Wallet
from pocketpay.app import SERVED_SCHEMA
from pocketpay.payments.desk import Desk
from pocketpay.serving.documents import Documents, Operation, PreparedDocument
from pocketpay.serving.execution import Execution
from pocketpay.serving.limits import ZERO_WEIGHT, Limits
from pocketpay.serving.plans import Plans
from pocketpay.wallets.balance import Balance
from tests.clients import Client
from tests.people import made

DEPTH = 3
PAY = """mutation ($input: TransferInput!) { transfer(input: $input) {
  transaction { status sender { username } } wallet { version } errors { code } } }"""
PAYMENT = {"to": "bob", "amount": "1.00", "description": "Tea", "idempotencyKey": "plan-key-1"}


def operation(text: str) -> Operation:
    """The only operation of a valid document, without a check of its cost."""
    document = parse(text)
    assert validate(SERVED_SCHEMA, document) == [], text
    (node,) = document.definitions
    assert isinstance(node, OperationDefinitionNode)
    return Operation(
        node, PreparedDocument(document, [], 0, has_no_directives="@" not in text), ZERO_WEIGHT, recheck=False
    )


def full_selection(type_: Any, depth: int, variables: dict[str, str]) -> str:
    """A selection of every field of a type, to a depth. Its arguments become variables."""
    type_ = get_named_type(type_)
    if is_abstract_type(type_):
        kinds = SERVED_SCHEMA.get_possible_types(type_)
        parts = (f"... on {kind.name} {full_selection(kind, depth - 1, variables)}" for kind in kinds)
        return "{ __typename " + " ".join(parts) + " }"
    if not is_object_type(type_):
        return ""
    fields = ["__typename"]
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        if not (is_object_type(below) or is_abstract_type(below)):
            fields.append(f"{type_.name}_{name}: {name}{arguments(field, variables)}")
        elif depth > 0:
            under = full_selection(below, depth - 1, variables)
            fields.append(f"{type_.name}_{name}: {name}{arguments(field, variables)} {under}")
    return "{ " + " ".join(fields) + " }"


def arguments(field: Any, variables: dict[str, str]) -> str:
    given = []
    for name, argument in field.args.items():
        variable = f"v{len(variables)}"
        variables[variable] = str(argument.type)
        given.append(f"{name}: ${variable}")
    return f"({', '.join(given)})" if given else ""


def roots() -> Iterator[tuple[str, str, str]]:
    """Every root field of queries and mutations, with a document that selects every field below it."""
    for kind, type_ in (("query", SERVED_SCHEMA.query_type), ("mutation", SERVED_SCHEMA.mutation_type)):
        assert isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items():
            yield kind, name, full_document(kind, name, field)


def full_document(kind: str, name: str, field: Any) -> str:
    """A document that selects every field below a root field."""
    variables: dict[str, str] = {}
    below = f"{name}{arguments(field, variables)} {full_selection(field.type, DEPTH, variables)}"
    declared = ", ".join(f"${variable}: {of}" for variable, of in variables.items())
    return f"{kind} {f'({declared})' if declared else ''} {{ {below} }}"


@pytest.mark.parametrize(("kind", "name", "text"), list(roots()), ids=lambda given: given if " " not in given else "")
def test_a_selection_of_every_field_below_a_root_field_has_a_plan(kind: str, name: str, text: str) -> None:
    plan = Plans(SERVED_SCHEMA).plan(operation(text))
    if (kind, name) == ("mutation", "operations"):
        assert plan is None, "the executor runs the mutations of operators one after another"
    else:
        assert plan is not None


@pytest.mark.parametrize(
    "text",
    [
        "{ viewer { id } wallet { id } }",
        "query ($yes: Boolean!) { viewer { id @include(if: $yes) } }",
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        "subscription { balanceChanged { id } }",
        "mutation { operations { __typename } }",
    ],
)
def test_documents_that_only_the_executor_supports_have_no_plan(text: str) -> None:
    assert Plans(SERVED_SCHEMA).plan(operation(text)) is None


@pytest.mark.parametrize(
    "name", list(SERVED_SCHEMA.subscription_type.fields) if SERVED_SCHEMA.subscription_type else []
)
def test_every_subscription_has_a_plan_for_its_events(name: str) -> None:
    assert SERVED_SCHEMA.subscription_type is not None
    text = full_document("subscription", name, SERVED_SCHEMA.subscription_type.fields[name])
    assert Plans(SERVED_SCHEMA).event_plan(operation(text)) is not None


@pytest.mark.parametrize(
    ("selected", "shared"),
    [
        ("id version balance { amount } held { minorUnits } status freeze createdAt __typename", True),
        ("version limits { remaining { amount } }", False),
        ("version transactions(first: 1) { nodes { id } }", False),
    ],
)
def test_an_answer_is_shared_only_when_it_depends_on_the_event_alone(selected: str, shared: bool) -> None:
    plan = Plans(SERVED_SCHEMA).event_plan(operation(f"subscription {{ balanceChanged {{ {selected} }} }}"))
    assert plan is not None
    assert plan.shared is shared


async def test_only_events_of_the_same_object_use_the_same_bytes() -> None:
    plan = Plans(SERVED_SCHEMA).event_plan(operation("subscription { balanceChanged { version } }"))
    assert plan is not None
    states = [Balance(UUID(int=1), "USD", 0, 0, 7, cast(Any, None)) for _ in range(2)]
    assert plan.cached_payload(Wallet.of(states[0])) is None
    plan.cache(Wallet.of(states[0]), b"kept")
    assert plan.cached_payload(Wallet.of(states[0])) == b"kept"
    assert plan.cached_payload(Wallet.of(states[1])) is None, "an equal state is another object"


async def test_a_document_has_a_plan_from_its_second_use() -> None:
    execution = Execution(SERVED_SCHEMA, Documents(SERVED_SCHEMA, Limits.of(made()), introspection=True))
    asked = execution.documents.prepared("{ wallet { id } }").operations[0]
    assert execution._plan(asked) is None
    assert execution._plan(asked) is execution._plan(asked) is not None


async def test_a_plan_that_differs_from_the_executor_is_detected(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await client.sign_up("ada")
    monkeypatch.setattr("pocketpay.serving.plans._constant", lambda name, _: _wrong_writer(name))
    with pytest.raises(AssertionError, match="the plan and the executor differ"):
        await client.data("{ viewer { __typename } }", by=ada)


def _wrong_writer(name: str) -> Callable[..., None]:
    def put(source: Any, written: dict[str, Any], run: Any) -> None:
        written[name] = "Wrong"

    return put


async def test_a_read_that_fails_after_a_payment_does_not_pay_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, _ = await client.sign_up("ada"), await client.sign_up("bob")
    paid = _counting(monkeypatch)
    monkeypatch.setattr("pocketpay.api.transaction.owner", AsyncMock(side_effect=RuntimeError("no such read")))
    answer = await client.post(PAY, {"input": PAYMENT}, by=ada)
    assert answer["data"]["transfer"]["transaction"] == {"status": "PENDING_CONFIRMATION", "sender": None}
    assert [error["path"] for error in answer["errors"]] == [["transfer", "transaction", "sender"]]
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert len(paid) == 1


async def test_a_root_resolver_that_fails_is_called_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await client.sign_up("ada")
    paid = _counting(monkeypatch, fail=True)
    answer = await client.post(PAY, {"input": PAYMENT}, by=ada)
    assert answer["data"] is None
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["transfer"], "INTERNAL")
    ]
    assert len(paid) == 1


async def test_a_missing_argument_never_reaches_the_payment(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await client.sign_up("ada")
    paid = _counting(monkeypatch)
    answer = await client.post(PAY, {}, by=ada)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert paid == []


async def test_a_failed_plan_closes_its_pending_reads(client: Client, recwarn: pytest.WarningsRecorder) -> None:
    """Coroutines of pending reads are closed. Otherwise Python warns that they were never awaited."""
    ada = await client.sign_up("ada")
    failed = []

    def failing(name: str, *_: object) -> Callable[..., None]:
        def put(*_: object) -> None:
            failed.append(name)
            raise RuntimeError

        return put

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pocketpay.serving.plans._attribute", failing)
        viewer = (await client.data("{ viewer { sessions { id } username } }", by=ada))["viewer"]
    assert (len(viewer["sessions"]), viewer["username"], failed) == (1, "ada", ["username"])
    gc.collect()
    assert [str(one.message) for one in recwarn if "never awaited" in str(one.message)] == []


def _counting(monkeypatch: pytest.MonkeyPatch, *, fail: bool = False) -> list[object]:
    """A list that gets the arguments of each transfer. With `fail` every transfer raises."""
    from pocketpay.payments import transfer as payments

    asked: list[object] = []
    transfer = payments.transfer

    async def counted(desk: Desk, *given: Any, **named: Any) -> Any:
        asked.append(named)
        if fail:
            raise RuntimeError("no such verb")
        return await transfer(desk, *given, **named)

    monkeypatch.setattr("pocketpay.api.mutations.transfer.payments.transfer", counted)
    return asked


async def test_a_missing_amount_is_an_error_and_not_a_text(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amounts and currencies are written with `str`, which would turn None into "None"."""
    ada = await client.sign_up("ada")
    monkeypatch.setattr("pocketpay.api.money.Amount", lambda _: None)
    answer = await client.post("{ wallet { balance { amount } } }", by=ada)
    assert answer["data"] == {"wallet": None}
    assert [error["path"] for error in answer["errors"]] == [["wallet", "balance", "amount"]]
