"""Every id argument and every cursor argument, with malformed values and those of other types and people.

An id that names nothing is null in a query and NOT_FOUND in a mutation. A cursor that is none is BAD_USER_INPUT.
"""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLObjectType, get_named_type

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.fuzz.pool import ODD_IDS, TAGS, TEXTS
from tests.fuzz.rounds import Round
from tests.fuzz.served import SCHEMA, Fuzzed, play

QUERIES = {"node": "__typename", "transaction": "__typename"}
"""The root queries with an id, and what they select."""

UNKNOWN = [f"{tag}_{suffix}" for tag in TAGS for suffix in ODD_IDS] + list(TEXTS)
"""Malformed ids, and well-formed ones of objects that do not exist."""

CURSORS = (
    "",
    "A",
    "=",
    "AAAA",
    "AAAAAAAAAAHd05h-",
    "////",
    "-_-_",
    "é",
    "\0",
    "A" * 5_000,
    "AAZhUoIFGKoBoiFo9wRyW7TKyv",
)
MANY = 25
"""Aliases of one document. The limit is 30."""


def id_mutations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The mutations of customers with an id: name, path of the id (an argument, or a field of `input`), rest."""
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        for argument, value in field.args.items():
            type_ = get_named_type(value.type)
            if type_.name == "ID":
                yield name, argument, {}
            elif argument == "input":
                fields = getattr(type_, "fields", {})
                ids = [one for one, inner in fields.items() if get_named_type(inner.type).name == "ID"]
                for one in ids:
                    yield name, f"input.{one}", {**REQUIRED.get(name, {})}


REQUIRED: dict[str, dict[str, Any]] = {
    "deposit": {"idempotencyKey": "a-key-of-this-test", "amount": "1.00"},
    "withdraw": {"idempotencyKey": "a-key-of-this-test", "amount": "1.00", "speed": "STANDARD"},
    "payRequest": {"idempotencyKey": "a-key-of-this-test"},
    "refund": {"idempotencyKey": "a-key-of-this-test", "reason": "x"},
    "simulateCardPayment": {"idempotencyKey": "a-key-of-this-test", "merchant": "x", "amount": "1.00"},
    "updateCardLimits": {"perPaymentLimit": "1.00"},
}
"""The other fields of an input."""


def test_malformed_ids_cause_no_internal_error(postgres: EmbeddedPostgres) -> None:
    assert len(list(id_mutations())) >= 12
    play(postgres, "malformed_ids", _ids, cases=40)


async def _ids(fuzzed: Fuzzed, round: Round) -> None:
    mutations = list(id_mutations())
    tables = await fuzzed.tables()
    for _ in range(round.cases):
        many = [round.chance.choice(UNKNOWN) for _ in range(MANY)]
        if round.chance.random() < 0.5:
            name = round.chance.choice([*QUERIES])
            declared = ", ".join(f"$v{n}: ID!" for n in range(MANY))
            called = " ".join(f"a{n}: {name}(id: $v{n}) {{ {QUERIES[name]} }}" for n in range(MANY))
            body = {
                "query": f"query ({declared}) {{ {called} }}",
                "variables": {f"v{n}": v for n, v in enumerate(many)},
            }
            round.note(body)
            response = await fuzzed.post(body, "ada")
            if all(_is_sent(value) for value in many):
                assert response == {"data": {f"a{n}": None for n in range(MANY)}}, response
        else:
            name, path, more = round.chance.choice(mutations)
            body = _mutation(name, path, more, many[0])
            round.note(body)
            response = await fuzzed.post(body, "ada")
            if _is_sent(many[0]):
                (error,) = response["data"][name]["errors"]
                assert error["code"] == "NOT_FOUND", error
        fuzzed.no_errors()
    assert await fuzzed.tables() == tables


def _mutation(name: str, path: str, more: dict[str, Any], id: str) -> dict[str, Any]:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    field = mutation.fields[name]
    outer, _, inner = path.partition(".")
    value: Any = {**more, inner: id} if inner else id
    query = f"mutation ($v: {field.args[outer].type}) {{ {name}({outer}: $v) {{ errors {{ code path }} }} }}"
    return {"query": query, "variables": {"v": value}}


def _is_sent(text: str) -> bool:
    """Whether JSON in UTF-8 can hold the text."""
    return "\ud800" not in text


def cursor_fields() -> list[tuple[str, str]]:
    """The paged lists: the document before the arguments and the part behind them."""
    found = []
    query = SCHEMA.query_type
    assert query is not None
    for prefix, suffix, type_ in (
        ("{ ", " }", query),
        ("{ wallet { ", " } }", SCHEMA.type_map["Wallet"]),
        ('{ wallet { statement(month: "2026-01") { ', " } } }", SCHEMA.type_map["Statement"]),
        ("{ operations { ", " } }", SCHEMA.type_map["Operations"]),
        ('{ operations { wallet(of: "ada") { ', " } } }", SCHEMA.type_map["CustomerWallet"]),
    ):
        assert isinstance(type_, GraphQLObjectType)
        found += [(prefix + name, suffix) for name, field in type_.fields.items() if "after" in field.args]
    return found


def test_malformed_cursors_cause_no_internal_error(postgres: EmbeddedPostgres) -> None:
    assert len(cursor_fields()) >= 8
    play(postgres, "malformed_cursors", _cursors, cases=60)


async def _cursors(fuzzed: Fuzzed, round: Round) -> None:
    fields, tables = cursor_fields(), await fuzzed.tables()
    for _ in range(round.cases):
        prefix, suffix = round.chance.choice(fields)
        malformed = round.chance.random() < 0.5
        cursor = round.chance.choice(CURSORS) if malformed else fuzzed.pool.cursor()
        first, after = round.chance.choice((("first", "after"), ("last", "before")))
        text = f"query ($c: String) {prefix}({first}: 2, {after}: $c) {{ edges {{ cursor }} }}{suffix}"
        body = {"query": text, "variables": {"c": cursor}}
        round.note(body)
        response = await fuzzed.post(body, "olga" if "operations" in prefix else "ada")
        if malformed:
            assert [error["extensions"]["code"] for error in response["errors"]] == ["BAD_USER_INPUT"], response
        fuzzed.pool.learn(response)
        fuzzed.no_errors()
    assert await fuzzed.tables() == tables
