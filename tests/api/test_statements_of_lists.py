"""A longer list executes the same number of database statements as a short one, for every selection of fields. Each
statement finds its rows by an index.

The lists are enumerated from the schema. A list whose items read nothing from the database is left out; every
other list must be in LISTS. All fields of its items are selected, and all fields of the objects below them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
from graphql import (
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from pocketpay.app import SERVED_SCHEMA
from pocketpay.database.sessions import Session
from pocketpay.payments import settle
from pocketpay.serving.resolvers import RESOLVER
from tests import clients
from tests.api.operators import operator
from tests.clients import Client, Person, serving
from tests.conftest import Dsns
from tests.operations.bank_files import reconcile, today
from tests.plans import nodes

DEPTH = 2
"""How many objects below an item are selected: the transaction of an entry, and its counterparty."""

MANY = 2

ONE, SHARED = "payer@example.com", "payees@example.com"
"""An address of one customer, and one that several have entered without verifying it."""

CYCLE = 8
"""The transactions of one round of `customers_with_many_of_everything`: at least one of every kind."""

LISTS = {
    "Query.transactions": (CYCLE, "{ transactions(first: %(first)d) { nodes %(all)s } }"),
    "Query.moneyRequests": (1, "{ moneyRequests(first: %(first)d) { nodes %(all)s } }"),
    "Wallet.transactions": (CYCLE, "{ wallet { transactions(first: %(first)d) { nodes %(all)s } } }"),
    "Wallet.entries": (CYCLE, "{ wallet { entries(first: %(first)d) { nodes %(all)s } } }"),
    "Statement.entries": (
        CYCLE,
        '{ wallet { statement(month: "%(month)s") { entries(first: %(first)d) { nodes %(all)s } } } }',
    ),
    "Transaction.entries": (CYCLE, "{ transactions(first: %(first)d) { nodes { entries %(all)s } } }"),
    "Transaction.refunds": (CYCLE, "{ transactions(first: %(first)d) { nodes { refunds %(all)s } } }"),
    "Operations.actions": (3, "{ operations { actions(first: %(first)d) { nodes %(all)s } } }"),
    "Operations.customers": (1, '{ operations { customers(find: "%(find)s") %(all)s } }'),
    "Operations.heldPayments": (1, "{ operations { heldPayments(first: %(first)d) { nodes %(all)s } } }"),
    "Operations.unsettledOrders": (1, "{ operations { unsettledOrders(first: %(first)d) { nodes %(all)s } } }"),
    "Operations.openBankReturns": (1, "{ operations { openBankReturns(first: %(first)d) { nodes %(all)s } } }"),
    "Operations.bankDifferences": (1, "{ operations { bankDifferences(first: %(first)d) { nodes %(all)s } } }"),
    "CustomerWallet.transactions": (
        CYCLE,
        '{ operations { customers(find: "payer") { wallet { transactions(first: %(first)d) { nodes %(all)s } } } } }',
    ),
}
"""A document for each list, and the number of newest items among which every kind occurs. The test sends the document
with this number, and with MANY times this number."""

SMALL_INDEXES = {"ix_transactions_unsettled"}
"""Partial indexes that have only the rows of a list. A list reads them in their order, from the start."""

MANY_ROWS = """
update pg_class set relpages = 1, reltuples = 1000000
where relkind in ('r', 'i') and relnamespace = 'public'::regnamespace
"""
"""Makes PostgreSQL believe that a page of a table or an index has a million rows."""

RETURNS = """
insert into bank_returns
select id, destination_wallet_id, currency, 100, 100, '', now(), now() from transactions where type = 'deposit'
"""

SETTINGS = {
    "new_recipient_action": "off",
    "rapid_transfer_action": "off",
    "large_transfer_threshold": "USD:19.00",
    "simulated_bank": "silent",
    "welcome_bonus": "200.00",
    "document_cost": 1_000_000,
    "document_fields": 1_000,
}


def item_type(type_: Any) -> GraphQLObjectType | None:
    """The type of a list's items or of a connection's nodes; None for any other type."""
    bare = type_.of_type if is_non_null_type(type_) else type_
    named = get_named_type(type_)
    if is_object_type(named) and named.name.endswith("Connection"):
        named = get_named_type(named.fields["nodes"].type)
        return named if is_object_type(named) else None
    return named if is_list_type(bare) and is_object_type(named) else None


def types_below_query() -> Iterator[GraphQLObjectType]:
    waiting, found = [SERVED_SCHEMA.query_type], set()
    while waiting:
        type_ = waiting.pop()
        if type_ is None or type_.name in found:
            continue
        found.add(type_.name)
        if not type_.name.endswith(("Connection", "Edge")):
            yield type_
        for field in type_.fields.values():
            below = get_named_type(field.type)
            waiting += SERVED_SCHEMA.get_possible_types(below) if is_abstract_type(below) else ()
            waiting += [below] if is_object_type(below) else ()


def reads(type_: GraphQLObjectType, passed: frozenset[str] = frozenset()) -> bool:
    """Whether a field of the type, or of an object below it, has an async resolver."""
    for field in type_.fields.values():
        resolver = field.extensions.get(RESOLVER)
        below = get_named_type(field.type)
        if resolver is not None and resolver.is_async:
            return True
        if is_object_type(below) and below.name not in passed and reads(below, passed | {type_.name}):
            return True
    return False


def lists() -> set[str]:
    found = set()
    for type_ in types_below_query():
        for name, field in type_.fields.items():
            items = item_type(field.type)
            if items is not None and reads(items):
                found.add(f"{type_.name}.{name}")
    return found


def everything(type_: Any, depth: int) -> str:
    """A selection of all fields without required arguments, and of objects below them. Lists that are paged are left
    out: they are lists of their own."""
    if is_abstract_type(type_):
        return "{ __typename }"
    fields = ["__typename"]
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        if "first" in field.args or any(is_non_null_type(argument.type) for argument in field.args.values()):
            continue
        if is_object_type(below):
            if depth and not below.name.endswith("Connection"):
                fields.append(f"{name} {everything(below, depth - 1)}")
        elif not is_abstract_type(below):
            fields.append(name)
    return "{ " + " ".join(fields) + " }"


def document(field: str, **values: object) -> str:
    parent, _, name = field.partition(".")
    type_ = SERVED_SCHEMA.type_map[parent]
    assert is_object_type(type_)
    return LISTS[field][1] % {"all": everything(item_type(type_.fields[name].type), DEPTH), **values}


async def done(client: Client, by: Person, mutation: str, /, **input: object) -> dict[str, Any]:
    """Executes a mutation with an input. Returns its payload, which must have no errors."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    inner = f"{mutation}(input: $input) {{ errors {{ message }}"
    inner += {"issueCard": " card { id }", "requestMoney": " moneyRequest { id }"}.get(mutation, "")
    inner += " transaction { id status } }" if mutation in MOVES else " }"
    acts = mutation in ("freezeWallet", "unfreezeWallet", "reverseTransaction")
    text = f"mutation ($input: {kind}!) {{ {f'operations {{ {inner} }}' if acts else inner} }}"
    payload: dict[str, Any] = await client.data(text, {"input": input}, by=by)
    payload = payload["operations"][mutation] if acts else payload[mutation]
    assert payload["errors"] == []
    return payload


MOVES = ("transfer", "deposit", "refund", "simulateCardPayment", "reverseTransaction")


async def customers_with_many_of_everything(client: Client) -> tuple[Person, Person]:
    """Returns a customer with MANY items in each list, and an operator."""
    payer, boss = await client.sign_up("payer", raw_email=ONE), await operator(client)
    payees = [await client.sign_up(f"payee_{number}", raw_email=SHARED) for number in range(MANY)]
    deposits: list[str] = []
    for number, payee in enumerate(payees):
        key, to = f"key-number-{number}", payee.username
        paid = await done(client, payer, "transfer", to=to, amount="9.00", description="Tea", idempotencyKey=key)
        await done(client, payer, "transfer", to=to, amount="20.00", description="Held", idempotencyKey=f"{key} held")
        order = {"amount": "1.00", "bankName": "Bank", "idempotencyKey": f"{key} deposit"}
        deposits.append((await done(client, payer, "deposit", **order))["transaction"]["id"])
        card = (await done(client, payer, "issueCard", label="Card", idempotencyKey=f"{key} card"))["card"]["id"]
        purchase = {"cardId": card, "merchant": "Shop", "amount": "1.00", "idempotencyKey": f"{key} purchase"}
        await done(client, payer, "simulateCardPayment", **purchase)
        asked = {"from": to, "amount": "1.00", "description": "Rent", "idempotencyKey": f"{key} request"}
        await done(client, payer, "requestMoney", **asked)
        original = paid["transaction"]["id"]
        for part in range(MANY):
            refund = {"transactionId": original, "amount": "1.00", "reason": "Cold"}
            await done(client, payee, "refund", **refund, idempotencyKey=f"{key} part {part}")
        await done(client, boss, "freezeWallet", wallet=to, freeze="DEBITS", reason="A question")
        await done(client, boss, "unfreezeWallet", wallet=to, reason="An answer")
        await done(client, boss, "reverseTransaction", transactionId=original, reason="Fraud")
    # The bank says that it carried out orders that it has not answered.
    await reconcile(client.services.database, [today("1.00", deposit) for deposit in deposits])
    async with client.services.database.write() as session:
        await session.execute(RETURNS)
    return payer, boss


async def test_a_longer_list_executes_no_more_statements_and_each_uses_an_index(
    database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lists() == set(LISTS), "write a document for each list whose items read"
    statements: ContextVar[list[str] | None] = ContextVar("statements", default=None)
    for method in ("fetch", "fetchrow", "fetchval", "execute"):
        monkeypatch.setattr(Session, method, counted(getattr(Session, method), statements))
    monkeypatch.setattr(settle, "BANK_SECONDS", 0.05)
    monkeypatch.setattr(clients, "check_plans", lambda execution: None)  # it executes each document a second time
    grown, all_texts = {}, set()
    async with serving(database_dsn.server, **SETTINGS) as client:
        client.app.state.server_context.execution.runs_before_plan = 0
        payer, boss = await customers_with_many_of_everything(client)
        month = f"{datetime.now(UTC):%Y-%m}"
        for field in LISTS:
            by = boss if "operations" in LISTS[field][1] else payer
            seen = []
            for times, find in ((1, ONE), (MANY, SHARED)):
                text = document(field, first=times * LISTS[field][0], find=find, month=month)
                sent: list[str] = []
                statements.set(sent)
                data = await client.data(text, by=by)
                statements.set(None)
                seen.append((len(sent), items_in(data), sent))
                all_texts.update(sent)
            (few, one, before), (more, many, texts) = seen
            assert many > one >= 1, f"{field}: {one} and {many} items"
            if more > few:
                grown[field] = few, more, Counter(texts) - Counter(before)
    assert grown == {}
    assert await scans_of_tables(database_dsn.owner, all_texts) == {}


async def scans_of_tables(owner: str, statements: Iterable[str]) -> dict[str, set[str]]:
    """Returns the tables of which a statement reads all rows, by statement: they have no index for its condition.

    PostgreSQL plans the statements as if every table had a million rows.
    """
    found = {}
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute(MANY_ROWS)
        await connection.execute("set enable_seqscan = off; set plan_cache_mode = force_generic_plan")
        for sql in statements:
            await connection.execute(f"prepare asked as {sql}")
            nulls = ", ".join(["null"] * len(set(re.findall(r"\$\d+", sql))))
            text = await connection.fetchval(f"explain (format json) execute asked{nulls and f' ({nulls})'}")
            await connection.execute("deallocate asked")
            steps = nodes(orjson.loads(text)[0]["Plan"])
            if scanned := {step["Relation Name"] for step in steps if reads_all_rows(step)}:
                found[sql] = scanned
    finally:
        await connection.close()
    return found


def reads_all_rows(step: dict[str, Any]) -> bool:
    """Whether the step of a plan reads a table without an index, or all of an index."""
    if "Relation Name" not in step or step.get("Index Name") in SMALL_INDEXES:
        return False
    return not {"Index Cond", "Recheck Cond"} & set(step)


def counted(method: Any, statements: "ContextVar[list[str] | None]") -> Any:
    async def call(session: Session, sql: str, *arguments: Any) -> Any:
        if (sent := statements.get()) is not None:
            sent.append(sql)
        return await method(session, sql, *arguments)

    return call


def items_in(data: Any) -> int:
    """The number of items in the lists of a response."""
    if isinstance(data, dict):
        return sum(map(items_in, data.values()))
    return sum(1 + items_in(one) for one in data) if isinstance(data, list) else 0
