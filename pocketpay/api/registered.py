"""Enums of the schema whose values are registered in another package: the risk rules and the risk settings."""

from collections.abc import Mapping
from enum import StrEnum

import strawberry
from strawberry.types.enum import has_enum_definition


def registered_enum(name: str, description: str, values: Mapping[str, str]) -> type[StrEnum]:
    """Creates an enum of the schema. `values` has the description of each value by its name in lower case.

    To use it, give a field the type `str` and this enum as its `graphql_type`. Resolvers get and return the name in
    lower case.
    """
    # mypy understands an enum that is created by a call only when all arguments are literals.
    made: type[StrEnum] = StrEnum(name, {value.upper(): value for value in values})  # type: ignore[misc]
    defined = strawberry.enum(made, description=description)
    assert has_enum_definition(defined)  # noqa: S101 - for the type checker
    for value in defined.__strawberry_definition__.values:
        value.description = values[value.value]
    return made
