"""Checks variables, with a fast path for leaf types and input objects of leaves, which nearly all variables are.

For every request, graphql-core looks up the type of each variable and walks through it: 15 of the 60 µs that
answering a transfer takes. Here the types are looked up once for each document. Only valid values take the fast path:
graphql-core checks all others again and creates the error messages.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_input_object_type,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.utilities.coerce_input_value import coerce_default_value

from pocketpay.serving.failures import TooComplex

MAX_ERRORS = 5
"""Errors of variables in one response."""

MAX_VALUES = 1_000
"""Values in all variables of a request, including objects, lists and their items. A batch of 100 transfers has 404.
Checking one takes up to 0.8 µs, and a body could hold a hundred thousand."""

IMMUTABLE = (str, int, float, bool, Enum, type(None))
"""Types of defaults that all requests can share without a copy."""

Coerce = Callable[[Any], Any]
"""Converts a value for resolvers; raises any exception when the value is invalid."""


class NeedsFullCheck(Exception):
    """Raised for a value that graphql-core has to check."""


class Variable(NamedTuple):
    """A variable without a default, and the function that converts its value."""

    signature: GraphQLVariableSignature
    required: bool
    coerce: Coerce


class Variables:
    """Checks the variables of one operation."""

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema, self._definitions = schema, definitions
        self._fast = _fast_variables(schema, definitions)

    def values(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """Returns the checked values of a request, or their errors."""
        if self._fast is not None:
            try:
                return _values(self._fast, given)
            except Exception:  # noqa: S110 - graphql-core finds the error again below
                pass
        if _count(given) > MAX_VALUES:
            return [TooComplex(f"The variables of this request hold more than {MAX_VALUES} values.")]
        return get_variable_values(
            self._schema, self._definitions, dict(given), max_errors=MAX_ERRORS, hide_suggestions=True
        )


def _count(given: Mapping[str, Any]) -> int:
    """Returns the number of values; stops counting above MAX_VALUES."""
    count, pending = 0, [*given.values()]
    while pending and count + len(pending) <= MAX_VALUES:
        value = pending.pop()
        count += 1
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return count + len(pending)


def _values(variables: Sequence[Variable], given: Mapping[str, Any]) -> VariableValues:
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for signature, required, coerce in variables:
        name = signature.name
        if name in given:
            value = given[name]
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = coerce(value)
        elif required:
            raise NeedsFullCheck
        else:
            sources[name] = VariableValueSource(signature)
    return VariableValues(sources, coerced)


def _fast_variables(schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> list[Variable] | None:
    """Returns the variables with their fast conversions, or None when one of them has none."""
    variables = []
    for definition in definitions:
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError) or signature.default is not None:
            return None
        coerce = _coerce(signature.type, _leaf_or_input)
        if coerce is None:
            return None
        variables.append(Variable(signature, is_non_null_type(signature.type), coerce))
    return variables


def _coerce(type_: Any, create: Callable[[Any], Coerce | None]) -> Coerce | None:
    """Returns the conversion for a type, or None. `create` returns it for the type without its "!"."""
    if is_non_null_type(type_):
        return create(type_.of_type)
    coerce = create(type_)
    return None if coerce is None else lambda value: None if value is None else coerce(value)


def _leaf_or_input(type_: Any) -> Coerce | None:
    return _input(type_) if is_input_object_type(type_) else _leaf(type_)


def _leaf(type_: Any) -> Coerce | None:
    if not is_leaf_type(type_):
        return None
    coerce_input_value = type_.coerce_input_value

    def coerce(value: Any) -> Any:
        coerced = Undefined if value is None else coerce_input_value(value)
        if coerced is Undefined:
            raise NeedsFullCheck
        return coerced

    return coerce


def _input(type_: GraphQLInputObjectType) -> Coerce | None:
    """Returns the conversion for an input object whose fields are all leaves, or None for other inputs."""
    fields: list[tuple[str, str, bool, Any, Coerce]] = []
    for name, field in type_.fields.items():
        coerce, default = _coerce(field.type, _leaf), coerce_default_value(field)
        if coerce is None or not (default is Undefined or isinstance(default, IMMUTABLE)):
            return None
        fields.append((name, field.out_name or name, is_non_null_type(field.type), default, coerce))
    if type_.is_one_of:
        return None
    out_type = type_.out_type

    def convert(value: Any) -> Any:
        coerced: dict[str, Any] = {}
        absent = 0
        for name, out_name, required, default, coerce in fields:
            if name in value:
                coerced[out_name] = coerce(value[name])
            elif default is not Undefined:
                coerced[out_name], absent = default, absent + 1
            elif required:
                raise NeedsFullCheck
        if not isinstance(value, dict) or len(coerced) - absent != len(value):  # an unknown field
            raise NeedsFullCheck
        return out_type(coerced)

    return convert
