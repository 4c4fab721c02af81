"""Variables, checked the short way: what nearly every one is, a leaf or an input of leaves.

graphql-core works out the type of every variable and walks through it, request by request: 15 of the 60 µs that a
transfer's answer takes. Here that is done once for each document. Only what is right goes the short way; anything
odd is checked again by graphql-core, which finds the words.
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

MOST_ERRORS = 5
"""Errors of variables told at once."""

MOST_VALUES = 1_000
"""Objects, lists and what is in them, in all variables of a request. A batch of 100 transfers has 404; each costs
up to 0.8 µs, and a body has room for a hundred thousand."""

IMMUTABLE = (str, int, float, bool, Enum, type(None))
"""Kinds of defaults that every request may be given as they are."""

Coerce = Callable[[Any], Any]
"""Gives what resolvers get of a value, and raises whatever it likes when the value is odd."""


class Odd(Exception):
    """A value for graphql-core to look at."""


class Variable(NamedTuple):
    """A variable without a default, and what makes a value of it."""

    signature: GraphQLVariableSignature
    required: bool
    coerce: Coerce


class Variables:
    """What checks the variables of one operation."""

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema, self._definitions = schema, definitions
        self._short = _short_ways(schema, definitions)

    def values(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """What a request gives, checked, or what is wrong with it."""
        if self._short is not None:
            try:
                return _values(self._short, given)
            except Exception:  # noqa: S110 - the long way finds it again, and tells it
                pass
        if _count(given) > MOST_VALUES:
            return [TooComplex(f"The variables of this request hold more than {MOST_VALUES} values.")]
        return get_variable_values(
            self._schema, self._definitions, dict(given), max_errors=MOST_ERRORS, hide_suggestions=True
        )


def _count(given: Mapping[str, Any]) -> int:
    """How many values those variables hold, until there are too many."""
    count, waiting = 0, [*given.values()]
    while waiting and count + len(waiting) <= MOST_VALUES:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return count + len(waiting)


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
            raise Odd
        else:
            sources[name] = VariableValueSource(signature)
    return VariableValues(sources, coerced)


def _short_ways(schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> list[Variable] | None:
    """A way for each variable, or None where one has none."""
    variables = []
    for definition in definitions:
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError) or signature.default is not None:
            return None
        coerce = _coerce(signature.type, _named)
        if coerce is None:
            return None
        variables.append(Variable(signature, is_non_null_type(signature.type), coerce))
    return variables


def _coerce(type_: Any, named: Callable[[Any], Coerce | None]) -> Coerce | None:
    """`named` makes a way for the type without its "!"; a null goes the short way only where it may be."""
    if is_non_null_type(type_):
        return named(type_.of_type)
    coerce = named(type_)
    return None if coerce is None else lambda value: None if value is None else coerce(value)


def _named(type_: Any) -> Coerce | None:
    return _input(type_) if is_input_object_type(type_) else _leaf(type_)


def _leaf(type_: Any) -> Coerce | None:
    if not is_leaf_type(type_):
        return None
    coerce_input_value = type_.coerce_input_value

    def coerce(value: Any) -> Any:
        coerced = Undefined if value is None else coerce_input_value(value)
        if coerced is Undefined:
            raise Odd
        return coerced

    return coerce


def _input(type_: GraphQLInputObjectType) -> Coerce | None:
    """A way for an input all of whose fields are leaves, their defaults too."""
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
                raise Odd
        if not isinstance(value, dict) or len(coerced) - absent != len(value):  # a field that nobody knows
            raise Odd
        return out_type(coerced)

    return convert
