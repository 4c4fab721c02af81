"""Enums of the schema whose values are registered elsewhere: one a rule of risk, one a setting."""

from collections.abc import Mapping
from enum import StrEnum

import strawberry
from strawberry.types.enum import has_enum_definition


def registered_enum(name: str, description: str, values: Mapping[str, str]) -> type[StrEnum]:
    """An enum of the schema. `values` has the name of each value in lower case, and its description.

    Type a field `str` and give it this as its `graphql_type`: resolvers read and return the name in lower case.
    """
    # mypy knows an enum that is made by a call only where all is literal.
    made: type[StrEnum] = StrEnum(name, {value.upper(): value for value in values})  # type: ignore[misc]
    defined = strawberry.enum(made, description=description)
    assert has_enum_definition(defined)  # noqa: S101 - for the type checker
    for value in defined.__strawberry_definition__.values:
        value.description = values[value.value]
    return made
