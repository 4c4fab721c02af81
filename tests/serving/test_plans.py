"""Plans give what the executor gives, or nothing. Every test with a server in its process checks that too, by
`checked_plans`; here are the whole schema, and what goes wrong while a plan runs."""

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
from pocketpay.app import SHORT
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
    """A valid document's one operation, whatever it costs."""
    document = parse(text)
    assert validate(SHORT, document) == [], text
    (node,) = document.definitions
    assert isinstance(node, OperationDefinitionNode)
    return Operation(
        node, PreparedDocument(document, [], 0, has_no_directives="@" not in text), ZERO_WEIGHT, recheck=False
    )


def everything(type_: Any, depth: int, variables: dict[str, str]) -> str:
    """A selection of every field of a type, to that depth. Arguments become variables."""
    type_ = get_named_type(type_)
    if is_abstract_type(type_):
        kinds = SHORT.get_possible_types(type_)
        parts = (f"... on {kind.name} {everything(kind, depth - 1, variables)}" for kind in kinds)
        return "{ __typename " + " ".join(parts) + " }"
    if not is_object_type(type_):
        return ""
    fields = ["__typename"]
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        if not (is_object_type(below) or is_abstract_type(below)):
            fields.append(f"{type_.name}_{name}: {name}{arguments(field, variables)}")
        elif depth > 0:
            under = everything(below, depth - 1, variables)
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
    """Every root field of queries and mutations, with a document that selects all below it."""
    for kind, type_ in (("query", SHORT.query_type), ("mutation", SHORT.mutation_type)):
        assert isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items():
            yield kind, name, whole(kind, name, field)


def whole(kind: str, name: str, field: Any) -> str:
    """A document that selects all below a root field."""
    variables: dict[str, str] = {}
    below = f"{name}{arguments(field, variables)} {everything(field.type, DEPTH, variables)}"
    declared = ", ".join(f"${variable}: {of}" for variable, of in variables.items())
    return f"{kind} {f'({declared})' if declared else ''} {{ {below} }}"


@pytest.mark.parametrize(("kind", "name", "text"), list(roots()), ids=lambda given: given if " " not in given else "")
def test_everything_below_a_root_field_has_a_plan(kind: str, name: str, text: str) -> None:
    plan = Plans(SHORT).plan(operation(text))
    if (kind, name) == ("mutation", "operations"):
        assert plan is None, "operators' mutations run one after another, which is the executor's"
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
def test_the_rest_is_the_executors(text: str) -> None:
    assert Plans(SHORT).plan(operation(text)) is None


@pytest.mark.parametrize("name", list(SHORT.subscription_type.fields) if SHORT.subscription_type else [])
def test_events_of_every_subscription_have_a_plan(name: str) -> None:
    assert SHORT.subscription_type is not None
    text = whole("subscription", name, SHORT.subscription_type.fields[name])
    assert Plans(SHORT).event_plan(operation(text)) is not None


@pytest.mark.parametrize(
    ("selected", "shared"),
    [
        ("id version balance { amount } held { minorUnits } status freeze createdAt __typename", True),
        ("version limits { remaining { amount } }", False),
        ("version transactions(first: 1) { nodes { id } }", False),
    ],
)
def test_an_answer_is_shared_when_it_depends_on_the_event_alone(selected: str, shared: bool) -> None:
    plan = Plans(SHORT).event_plan(operation(f"subscription {{ balanceChanged {{ {selected} }} }}"))
    assert plan is not None
    assert plan.shared is shared


async def test_events_of_the_same_state_get_the_same_bytes_and_no_others() -> None:
    plan = Plans(SHORT).event_plan(operation("subscription { balanceChanged { version } }"))
    assert plan is not None
    states = [Balance(UUID(int=1), "USD", 0, 0, 7, cast(Any, None)) for _ in range(2)]
    assert plan.cached_payload(Wallet.of(states[0])) is None
    plan.cache(Wallet.of(states[0]), b"kept")
    assert plan.cached_payload(Wallet.of(states[0])) == b"kept"
    assert plan.cached_payload(Wallet.of(states[1])) is None, "an equal state is another one"


async def test_a_document_has_a_plan_from_the_second_time_on() -> None:
    execution = Execution(SHORT, Documents(SHORT, Limits.of(made()), introspection=True))
    asked = execution.documents.prepared("{ wallet { id } }").operations[0]
    assert execution._plan(asked) is None
    assert execution._plan(asked) is execution._plan(asked) is not None


async def test_a_wrong_writer_is_noticed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await client.sign_up("ada")
    monkeypatch.setattr("pocketpay.serving.plans._constant", lambda name, _: _put_wrong(name))
    with pytest.raises(AssertionError, match="the plan and the executor differ"):
        await client.data("{ viewer { __typename } }", by=ada)


def _put_wrong(name: str) -> Callable[..., None]:
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


async def test_an_argument_that_is_missing_never_reaches_the_verb(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await client.sign_up("ada")
    paid = _counting(monkeypatch)
    answer = await client.post(PAY, {}, by=ada)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert paid == []


async def test_a_write_that_fails_leaves_no_read_behind(client: Client, recwarn: pytest.WarningsRecorder) -> None:
    """What waits to be read is closed, else Python warns that a coroutine was never awaited."""
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
    """Payments as they are asked for."""
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


async def test_an_amount_that_is_missing_is_an_error_and_no_text(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amounts and currencies are written by `str`, which has words for None."""
    ada = await client.sign_up("ada")
    monkeypatch.setattr("pocketpay.api.money.Amount", lambda _: None)
    answer = await client.post("{ wallet { balance { amount } } }", by=ada)
    assert answer["data"] == {"wallet": None}
    assert [error["path"] for error in answer["errors"]] == [["wallet", "balance", "amount"]]
