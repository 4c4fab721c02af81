"""Compiled plans (decision 40): they answer operations with one root field without graphql-core's executor.

    arguments ─► root resolver ─► write the selected fields ─► await the loaders of the next level ─► write …

A plan is compiled from the schema for each document that is sent a second time. It has a writer for every selected
field: an attribute, a method or an async resolver. Async fields are awaited together, level by level.

A plan returns the same data as the executor, or no data. `OperationExecutor` executes every operation that cannot be
compiled, and every run of a plan that fails; it creates the error messages. The root resolver is called only once:
the executor takes over its value or its error.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol

import orjson
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_argument_values,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from graphql.language import ListValueNode, ObjectValueNode
from graphql.pyutils import gather_with_cancel

from pocketpay.api.context import Context
from pocketpay.api.operations.root import MUTATION_TYPES
from pocketpay.serving.executor import RootResult, SelectedFields
from pocketpay.serving.resolvers import RESOLVER, STRAWBERRY, Resolver

NO_VARIABLES = VariableValues({}, {})


class NotCompilable(Exception):
    """Raised for a selection that cannot be compiled, or a value that does not fit its type."""


class Operation(Protocol):
    """An operation to compile. `selected` is None when the document has directives."""

    node: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    selected: SelectedFields | None
    type: str


class Run:
    """One run of a plan. Resolvers get it as their `info`."""

    __slots__ = ("context", "pending", "values")

    def __init__(self, context: Context, values: VariableValues) -> None:
        self.context, self.values = context, values
        self.pending: list[PendingField] = []
        """Async fields of the next level, in the order of the selection."""


Writer = Callable[[Any, Run], Any]
"""Returns a value as the response shows it. Raises any exception when it cannot."""
Arguments = Callable[[Run], dict[str, Any]]
"""Returns the arguments of a field by their names in the schema."""


class PendingField(NamedTuple):
    """An async field: its awaitable, and where its value is written."""

    value: Awaitable[Any]
    target: dict[str, Any]
    name: str
    write: Writer


class Plan:
    """A compiled query or mutation."""

    __slots__ = ("_arguments", "_name", "_resolve", "_write")

    def __init__(self, name: str, resolve: Resolver, arguments: Arguments, write: Writer) -> None:
        self._name, self._resolve, self._arguments, self._write = name, resolve, arguments, write

    async def data(self, context: Context, values: VariableValues) -> dict[str, Any] | RootResult | None:
        """Returns the response's data. When the plan fails, the executor creates the data from the returned
        RootResult. When the result is None, the executor calls the root resolver itself."""
        run = Run(context, values)
        try:
            value = self._resolve.call(None, run, self._arguments(run))
        except Exception:
            return None
        if self._resolve.is_async:
            try:
                value = await value
            except Exception as error:
                return RootResult(error=error)
        data = await _root_data(self._name, self._write, value, run)
        return RootResult(value) if data is None else data


class EventPlan:
    """A compiled subscription: answers its events.

    `shared` means that a response depends only on the attributes of the event. Then events that hold the same objects
    get the same bytes. These objects are immutable, and the cached response keeps them alive.
    """

    __slots__ = ("_cached_state", "_cached_values", "_name", "_payload", "_write", "shared")

    def __init__(self, name: str, write: Writer, *, shared: bool) -> None:
        self._name, self._write, self.shared = name, write, shared
        self._cached_values: tuple[Any, ...] = ()
        self._cached_state: Any = None
        """The state whose event has the cached response, when `state_payload` cached it."""
        self._payload = b""

    def cached_payload(self, event: Any) -> bytes | None:
        """Returns the cached response if it belongs to an event with the same objects, else None."""
        if not self.shared:
            return None
        cached_values, values = self._cached_values, tuple(vars(event).values())
        same = len(cached_values) == len(values) and all(
            cached is value for cached, value in zip(cached_values, values, strict=True)
        )
        return self._payload if same and cached_values else None

    def cache(self, event: Any, payload: bytes) -> None:
        """Caches the response to the event for the next subscriber."""
        if self.shared:
            self._cached_values, self._payload = tuple(vars(event).values()), payload
            self._cached_state = None

    def state_payload(self, state: Any, event_of: Callable[[Any], object], run: Run) -> bytes | None:
        """Returns the response to the event of a state, or None when another way has to create it.

        The response is cached for other subscribers of the state: `event_of` depends on nothing else.
        """
        if state is self._cached_state:
            return self._payload
        if not self.shared:
            return None
        event = event_of(state)
        payload = self.cached_payload(event)
        if payload is None:
            try:
                payload = orjson.dumps({"data": {self._name: self._write(event, run)}})
            except Exception:
                return None  # the executor creates the message
            self.cache(event, payload)
        self._cached_state = state
        return payload

    async def data(self, event: Any, context: Context, values: VariableValues) -> dict[str, Any] | None:
        """Returns the response's data, or None when the executor has to create it."""
        return await _root_data(self._name, self._write, event, Run(context, values))


async def _root_data(name: str, write: Writer, value: Any, run: Run) -> dict[str, Any] | None:
    """Returns the data with the root field, or None when anything fails."""
    data: dict[str, Any] = {}
    try:
        data[name] = write(value, run)
        while run.pending:
            await _write_next_level(run)
    except Exception:
        return None
    finally:
        for pending in run.pending:
            pending.value.close()  # type: ignore[attr-defined]  # a coroutine that is not awaited
    return data


async def _write_next_level(run: Run) -> None:
    """Awaits all pending fields together and writes their values."""
    level, run.pending = run.pending, []
    if len(level) == 1:
        results = [await level[0].value]
    else:
        results = await gather_with_cancel(*(pending.value for pending in level))
    for pending, value in zip(level, results, strict=True):
        pending.target[pending.name] = pending.write(value, run)


class Plans:
    """Compiles plans for one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._types_by_class: dict[type, GraphQLObjectType] = {}
        """The GraphQL object type of each class, without generic classes, which have several."""
        ambiguous: set[type] = set()
        for type_ in schema.type_map.values():
            definition = type_.extensions.get(STRAWBERRY)
            if isinstance(type_, GraphQLObjectType) and definition is not None:
                if definition.origin in self._types_by_class:
                    ambiguous.add(definition.origin)
                self._types_by_class[definition.origin] = type_
        for class_ in ambiguous:
            del self._types_by_class[class_]

    def plan(self, operation: Operation) -> Plan | None:
        """Returns a plan for the query or mutation, or None when it needs the executor."""
        root = self._root(operation)
        if root is None:
            return None
        type_, name, details = root
        try:
            field, resolver = _field(type_, details[0].node)
            if resolver is None or (operation.type == "mutation" and not resolver.is_async):
                return None  # the executor would call a failed synchronous resolver again
            write = _Compiler(self._schema, self._types_by_class, operation).writer(field.type, details)
            return Plan(name, resolver, _arguments(field, details[0].node), write)
        except NotCompilable:
            return None

    def event_plan(self, operation: Operation) -> EventPlan | None:
        """Returns a plan for the events of the subscription, or None when they need the executor."""
        root = self._root(operation)
        if root is None:
            return None
        type_, name, details = root
        try:
            compiler = _Compiler(self._schema, self._types_by_class, operation)
            write = compiler.writer(type_.fields[details[0].node.name.value].type, details)
            return EventPlan(name, write, shared=compiler.shared)
        except NotCompilable:
            return None

    def _root(self, operation: Operation) -> tuple[GraphQLObjectType, str, list[FieldDetails]] | None:
        """Returns the parent type, response name and selections of the only root field, or None if there are more."""
        root_type = self._schema.get_root_type(operation.node.operation)
        if operation.selected is None or root_type is None:
            return None
        collected = collect_fields(self._schema, operation.fragments, NO_VARIABLES, root_type, operation.node, True)
        if len(collected.grouped_field_set) != 1:
            return None
        ((name, details),) = collected.grouped_field_set.items()
        return root_type, name, details


class _Compiler:
    """Creates the writers of one operation."""

    def __init__(
        self, schema: GraphQLSchema, types_by_class: Mapping[type, GraphQLObjectType], operation: Operation
    ) -> None:
        # Does not hold the operation: it refers to its plan, and the cycle would wait for the garbage collector.
        self._schema, self._types_by_class = schema, types_by_class
        self._fragments, self._node = operation.fragments, operation.node
        self.shared = True
        """Whether all compiled fields depend only on the root value."""

    def writer(self, type_: Any, details: list[FieldDetails]) -> Writer:
        """Returns the writer of a type. Raises NotCompilable."""
        if is_non_null_type(type_):
            return self._non_null_writer(type_.of_type, details)
        write = self._non_null_writer(type_, details)
        return lambda value, run: None if value is None else write(value, run)

    def _non_null_writer(self, type_: Any, details: list[FieldDetails]) -> Writer:
        """Returns the writer for values that are not null; it raises for None."""
        if is_leaf_type(type_):
            return _leaf(type_.coerce_output_value)
        if is_list_type(type_):
            return _list(self.writer(type_.of_type, details))
        if is_object_type(type_):
            return self._object(type_, details)
        if is_abstract_type(type_):
            return self._abstract(type_, details)
        raise NotCompilable

    def _object(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Writer:
        if type_.name in MUTATION_TYPES:
            raise NotCompilable
        fields = collect_subfields(
            self._schema, self._fragments, NO_VARIABLES, self._node, type_, details, True
        ).grouped_field_set
        return _object([self._field_writer(type_, name, selections) for name, selections in fields.items()])

    def _abstract(self, type_: Any, details: list[FieldDetails]) -> Writer:
        """Returns the writer of an interface or union. It compiles one writer per class, at its first value."""
        self.shared = False  # not known before the first value
        writers: dict[type, Writer] = {}

        def write(value: Any, run: Run) -> Any:
            class_ = type(value)
            write_object = writers.get(class_)
            if write_object is None:
                object_type = self._types_by_class.get(class_)
                if object_type is None or not self._schema.is_sub_type(type_, object_type):
                    raise NotCompilable
                write_object = writers[class_] = self._object(object_type, details)
            return write_object(value, run)

        return write

    def _field_writer(self, parent: GraphQLObjectType, name: str, details: list[FieldDetails]) -> "FieldWriter":
        """Returns the function that writes one field of an object."""
        node = details[0].node
        if node.name.value == "__typename":
            return _constant(name, parent.name)
        field, resolver = _field(parent, node)
        write = self.writer(field.type, details)
        if resolver is None:
            return _attribute(name, field.extensions[STRAWBERRY].python_name, write)
        if resolver.is_async or resolver.info_name is not None or field.args:
            self.shared = False
        return _resolved(name, resolver, _arguments(field, node), write)


FieldWriter = Callable[[Any, dict[str, Any], Run], None]
"""Writes a field of an object into the dict of its written fields."""


def _field(parent: GraphQLObjectType, node: FieldNode) -> tuple[GraphQLField, Resolver | None]:
    """Returns a field, and its resolver or None for a plain attribute. Raises NotCompilable for introspection."""
    field = parent.fields.get(node.name.value)
    if field is None or STRAWBERRY not in field.extensions or RESOLVER not in field.extensions:
        raise NotCompilable
    return field, field.extensions[RESOLVER]


@cache
def _leaf(coerce: Callable[[Any], Any]) -> Writer:
    """Returns the writer of a leaf type. All its fields share one."""

    def write(value: Any, run: Run) -> Any:
        coerced = None if value is None else coerce(value)  # `str` would accept None
        if coerced is None or coerced is Undefined:
            raise NotCompilable
        return coerced

    return write


def _list(item: Writer) -> Writer:
    def write(value: Any, run: Run) -> Any:
        if type(value) is not list and type(value) is not tuple:
            raise NotCompilable
        return [item(one, run) for one in value]

    return write


def _object(puts: list[FieldWriter]) -> Writer:
    def write(value: Any, run: Run) -> Any:
        if value is None:
            raise NotCompilable
        result: dict[str, Any] = {}
        for put in puts:
            put(value, result, run)
        return result

    return write


def _constant(name: str, text: str) -> FieldWriter:
    def put(source: Any, result: dict[str, Any], run: Run) -> None:
        result[name] = text

    return put


def _attribute(name: str, attribute: str, write: Writer) -> FieldWriter:
    def put(source: Any, result: dict[str, Any], run: Run) -> None:
        result[name] = write(getattr(source, attribute), run)

    return put


def _resolved(name: str, resolver: Resolver, arguments: Arguments, write: Writer) -> FieldWriter:
    call = resolver.call
    if resolver.is_async:

        def defer(source: Any, result: dict[str, Any], run: Run) -> None:
            result[name] = None
            run.pending.append(PendingField(call(source, run, arguments(run)), result, name, write))

        return defer

    def put(source: Any, result: dict[str, Any], run: Run) -> None:
        result[name] = write(call(source, run, arguments(run)), run)

    return put


def _arguments(field: GraphQLField, node: FieldNode) -> Arguments:
    """Returns the function for a field's arguments. Without variables they are computed here, once."""
    if not field.args:
        return _no_arguments
    argument_nodes = node.arguments or ()
    if not any(_has_variable(argument.value) for argument in argument_nodes):
        try:
            constant = get_argument_values(field, node, NO_VARIABLES, None, True)
        except Exception:
            raise NotCompilable from None
        return lambda run: constant
    if len(argument_nodes) == len(field.args) == 1 and isinstance(argument_nodes[0].value, VariableNode):
        return _single_variable(field, node, argument_nodes[0].value.name.value)
    return lambda run: get_argument_values(field, node, run.values, None, True)


def _no_arguments(run: Run) -> dict[str, Any]:
    return {}


def _single_variable(field: GraphQLField, node: FieldNode, variable: str) -> Arguments:
    """Returns the function for a single argument that is one variable, like the input of a mutation."""
    ((name, argument),) = field.args.items()
    required = is_non_null_type(argument.type)

    def arguments(run: Run) -> dict[str, Any]:
        value = run.values.coerced.get(variable)
        if value is None and (required or variable not in run.values.coerced):
            return get_argument_values(field, node, run.values, None, True)
        return {argument.out_name or name: value}

    return arguments


def _has_variable(node: ValueNode) -> bool:
    match node:
        case VariableNode():
            return True
        case ListValueNode():
            return any(_has_variable(value) for value in node.values)
        case ObjectValueNode():
            return any(_has_variable(field.value) for field in node.fields)
    return False
