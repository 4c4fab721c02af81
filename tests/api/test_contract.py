"""The schema has everything that the contract with clients names, with the same types.

`tests/contract.graphql` lists what clients may rely on. Additions are allowed; renames, removals and looser types of
what the server returns are not. An input may become optional: no request breaks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    build_schema,
    is_specified_scalar_type,
)

from pocketpay.api.schema import sdl

Facts: TypeAlias = dict[str, str]
"""Schema coordinates ("Wallet.transactions(first:)") and their types ("Int")."""


@pytest.fixture(scope="module")
def contract() -> Facts:
    text = Path(__file__).parents[1].joinpath("contract.graphql").read_text(encoding="utf-8")
    return dict(_facts(build_schema(text)))


@pytest.fixture(scope="module")
def served() -> Facts:
    return dict(_facts(build_schema(sdl())))


def test_the_schema_has_every_type_and_field_of_the_contract_unchanged(contract: Facts, served: Facts) -> None:
    differing = {
        name: (served[name], described)
        for name, described in contract.items()
        if served.get(name, described) != described and not _became_optional(name, served[name], described)
    }
    assert differing == {}


def test_nothing_in_the_contract_is_missing_from_the_schema(contract: Facts, served: Facts) -> None:
    """Only the outermost missing coordinate is reported: the fields of a missing type are not."""
    assert [name for name in contract if name not in served and _parent(name) in {*served, ""}] == []


def test_the_schema_requires_no_argument_beyond_the_contract(contract: Facts, served: Facts) -> None:
    """Additional fields, types and values are allowed. Additional arguments and input fields must be optional."""
    more = {
        name: described for name, described in served.items() if name not in contract and _parent(name) in contract
    }
    inputs = {name for name, described in contract.items() if described == "input"}
    required = {
        name
        for name, described in more.items()
        if described.endswith("!") and (":" in name or _parent(name) in inputs)
    }
    assert required == set()


def test_the_contract_has_more_than_four_hundred_coordinates(contract: Facts) -> None:
    assert len(contract) > 400


def _facts(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for name, type_ in schema.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(type_):
            continue
        yield name, _kind(type_)
        match type_:
            case GraphQLEnumType():
                yield from ((f"{name}.{value}", "value") for value in type_.values)
            case GraphQLInputObjectType():
                yield from ((f"{name}.{field}", _value(described)) for field, described in type_.fields.items())
            case GraphQLObjectType() | GraphQLInterfaceType():
                for field, described in type_.fields.items():
                    yield f"{name}.{field}", str(described.type)
                    yield from ((f"{name}.{field}({arg}:)", _value(one)) for arg, one in described.args.items())


def _kind(type_: GraphQLNamedType) -> str:
    match type_:
        case GraphQLObjectType() | GraphQLInterfaceType():
            kind = "type" if isinstance(type_, GraphQLObjectType) else "interface"
            return " & ".join([kind, *sorted(one.name for one in type_.interfaces)])
        case GraphQLInputObjectType():
            return "input"
    return "enum" if isinstance(type_, GraphQLEnumType) else "scalar"


def _value(described: Any) -> str:
    default = "" if described.default_value is Undefined else f" = {described.default_value!r}"
    return f"{described.type}{default}"


def _became_optional(name: str, served: str, described: str) -> bool:
    """Whether it is an argument or input field that clients had to give, and now may leave out."""
    return (":" in name or _parent(name).endswith("Input")) and served == described.removesuffix("!")


def _parent(name: str) -> str:
    """The coordinate that contains another: the field of an argument, the type of a field, "" for a type."""
    return name.partition("(")[0] if "(" in name else name.rpartition(".")[0]
