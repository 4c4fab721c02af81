"""The laws about an answer: a GraphQL response of known form, whose data fits the document and whose codes are
documented."""

import json
import re
from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    is_leaf_type,
    parse,
)

from pocketpay.api.error_code import ErrorCode
from pocketpay.serving import failures

CODES = frozenset(re.findall(r"^ {4}([A-Z_]{4,}) ", failures.__doc__ or "", re.MULTILINE)) - {
    failures.INTERNAL,
    failures.SERVICE_BUSY,
}
"""The codes of a top-level error that a request may cause. The database is available here, so it is never busy."""

SCALARS = {
    "Amount": re.compile(r"-?\d{1,19}(\.\d{1,3})?"),
    "DateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"),
    "CurrencyCode": re.compile(r"[A-Z]{3}"),
}


def check_response(response: Any, *, may_be_busy: bool = False) -> None:
    """Checks the form of a response, whatever the request was."""
    codes = CODES | {failures.SERVICE_BUSY} if may_be_busy else CODES
    assert isinstance(response, dict), response
    assert response.keys() <= {"data", "errors", "extensions"}, response.keys()
    assert "data" in response or "errors" in response
    if "errors" in response:
        assert response["errors"], "an empty list of errors"
    for error in response.get("errors", ()):
        assert error.keys() <= {"message", "locations", "path", "extensions"}, error
        assert isinstance(error["message"], str)
        assert error["message"]
        assert error["extensions"]["code"] in codes, error
    if "extensions" in response:
        assert isinstance(response["extensions"], dict)


def check_data(schema: GraphQLSchema, text: str, data: dict[str, Any]) -> None:
    """Checks that data fits the only operation of a document, and that the codes of refusals are documented."""
    document = parse(text, no_location=True)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    root = schema.get_root_type(operation.operation)
    assert root is not None
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    _Check(schema, fragments).object(root, operation.selection_set, data)


class _Check:
    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema, self._fragments = schema, fragments

    def object(self, type_: GraphQLObjectType, selected: SelectionSetNode, value: Any) -> None:
        self.objects(type_, [selected], value)

    def objects(self, type_: GraphQLObjectType, selected: list[SelectionSetNode], value: Any) -> None:
        assert isinstance(value, dict), (type_.name, value)
        fields: dict[str, list[FieldNode]] = {}
        optional: set[str] = set()
        for one in selected:
            for node, always in self._collected(type_, one, always=True):
                key = (node.alias or node.name).value
                fields.setdefault(key, []).append(node)
                if not always:
                    optional.add(key)
        assert value.keys() <= fields.keys(), f"{type_.name} has fields that were not selected: {value.keys()}"
        assert fields.keys() - optional <= value.keys(), f"{type_.name} lacks selected fields: {value.keys()}"
        for key, one_value in value.items():
            nodes = fields[key]
            name = nodes[0].name.value
            if name == "__typename":
                assert one_value == type_.name
                continue
            field = type_.fields[name]
            sets = [node.selection_set for node in nodes if node.selection_set is not None]
            self.value(field.type, sets, one_value)
            if one_value and isinstance(one_value, dict):
                _check_codes(type_, name, field.description or "", one_value.get("errors") or ())

    def value(self, type_: GraphQLOutputType, sets: list[SelectionSetNode], value: Any) -> None:
        if isinstance(type_, GraphQLNonNull):
            assert value is not None, type_
            self.value(type_.of_type, sets, value)
        elif value is None:
            return
        elif isinstance(type_, GraphQLList):
            assert isinstance(value, list), (type_, value)
            for one in value:
                self.value(type_.of_type, sets, one)
        elif is_leaf_type(type_):
            _check_leaf(type_, value)
        elif isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            assert value["__typename"] in {one.name for one in self._schema.get_possible_types(type_)}
            concrete = self._schema.type_map[value["__typename"]]
            assert isinstance(concrete, GraphQLObjectType)
            self.objects(concrete, sets, value)
        else:
            assert isinstance(type_, GraphQLObjectType)
            self.objects(type_, sets, value)

    def _collected(
        self, type_: GraphQLObjectType, selected: SelectionSetNode, *, always: bool
    ) -> Iterator[tuple[FieldNode, bool]]:
        for node in selected.selections:
            surely = always and not node.directives
            if isinstance(node, FieldNode):
                yield node, surely
                continue
            fragment = node if isinstance(node, InlineFragmentNode) else self._fragments[_name(node)]
            condition = fragment.type_condition
            on = self._schema.type_map[condition.name.value] if condition is not None else type_
            if on is type_ or (
                isinstance(on, GraphQLInterfaceType | GraphQLUnionType) and self._schema.is_sub_type(on, type_)
            ):
                yield from self._collected(type_, fragment.selection_set, always=surely)


def _name(node: Any) -> str:
    assert isinstance(node, FragmentSpreadNode)
    return node.name.value


def _check_leaf(type_: GraphQLOutputType, value: Any) -> None:
    if isinstance(type_, GraphQLEnumType):
        assert value in type_.values, (type_.name, value)
        return
    assert isinstance(type_, GraphQLScalarType)
    match type_.name:
        case "Int":
            assert isinstance(value, int), value
            assert not isinstance(value, bool)
            assert -(2**31) <= value < 2**31
        case "Float":
            assert isinstance(value, int | float)
        case "Boolean":
            assert isinstance(value, bool)
        case name:
            assert isinstance(value, str), (name, value)
            if name in SCALARS:
                assert SCALARS[name].fullmatch(value), (name, value)


def _check_codes(type_: GraphQLObjectType, name: str, description: str, errors: Any) -> None:
    """Checks that each code of a refusal is in the description of its mutation."""
    if type_.name not in ("Mutation", "OperationsMutations"):
        return
    documented = set(re.findall(r"\b[A-Z_]{5,}\b", description)) & {code.name for code in ErrorCode}
    for error in errors:
        assert error["code"] in documented, f"{name} does not document {error['code']}: {error['message']}"


def parsed(raw: bytes) -> Any:
    """Parses a body: JSON in UTF-8, without lone surrogates."""
    text = raw.decode("utf-8")
    response = json.loads(text, parse_constant=_refuse)
    text.encode("utf-8")
    return response


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
