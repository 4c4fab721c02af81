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
from pocketpay.serving.executor import Selected, Taken
from pocketpay.serving.resolvers import RESOLVER, STRAWBERRY, Resolver

NO_VARIABLES = VariableValues({}, {})


class Outside(Exception):
    """Raised for a selection that cannot be compiled, or a value that does not fit its type."""


class Operation(Protocol):
    """An operation to compile. `selected` is None when the document has directives."""

    node: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    selected: Selected | None
    type: str


class Run:
    """One run of a plan. Resolvers get it as their `info`."""

    __slots__ = ("context", "values", "waiting")

    def __init__(self, context: Context, values: VariableValues) -> None:
        self.context, self.values = context, values
        self.waiting: list[Waiting] = []
        """Async fields of the next level, in the order of the selection."""


Write = Callable[[Any, Run], Any]
"""Returns a value as the response shows it. Raises any exception when it cannot."""
Arguments = Callable[[Run], dict[str, Any]]
"""Returns the arguments of a field by their names in the schema."""


class Waiting(NamedTuple):
    """An async field: its awaitable, and where its value is written."""

    value: Awaitable[Any]
    target: dict[str, Any]
    name: str
    write: Write


class Plan:
    """A compiled query or mutation."""

    __slots__ = ("_arguments", "_name", "_resolve", "_write")

    def __init__(self, name: str, resolve: Resolver, arguments: Arguments, write: Write) -> None:
        self._name, self._resolve, self._arguments, self._write = name, resolve, arguments, write

    async def data(self, context: Context, values: VariableValues) -> dict[str, Any] | Taken | None:
        """Returns the response's data; a RootResult when the executor does the rest; None when it does everything."""
        run = Run(context, values)
        try:
            value = self._resolve.call(None, run, self._arguments(run))
        except Exception:
            return None
        if self._resolve.is_async:
            try:
                value = await value
            except Exception as error:
                return Taken(error=error)
        data = await _written(self._name, self._write, value, run)
        return Taken(value) if data is None else data


class EventPlan:
    """A compiled subscription: answers its events.

    `shared` means that a response depends only on the attributes of the event. Then events that hold the same objects
    get the same bytes. These objects are immutable, and the cached response keeps them alive.
    """

    __slots__ = ("_name", "_payload", "_told", "_write", "shared")

    def __init__(self, name: str, write: Write, *, shared: bool) -> None:
        self._name, self._write, self.shared = name, write, shared
        self._told: tuple[Any, ...] = ()
        self._payload = b""

    def payload_of(self, event: Any) -> bytes | None:
        """Returns the cached response if it belongs to an event with the same objects, else None."""
        if not self.shared:
            return None
        told, now = self._told, tuple(vars(event).values())
        same = len(told) == len(now) and all(one is other for one, other in zip(told, now, strict=True))
        return self._payload if same and told else None

    def keep(self, event: Any, payload: bytes) -> None:
        """Caches the response to the event for the next subscriber."""
        if self.shared:
            self._told, self._payload = tuple(vars(event).values()), payload

    async def data(self, event: Any, context: Context, values: VariableValues) -> dict[str, Any] | None:
        """Returns the response's data, or None when the executor has to create it."""
        return await _written(self._name, self._write, event, Run(context, values))


async def _written(name: str, write: Write, value: Any, run: Run) -> dict[str, Any] | None:
    """Returns the data with the root field, or None when anything fails."""
    data: dict[str, Any] = {}
    try:
        data[name] = write(value, run)
        while run.waiting:
            await _next_level(run)
    except Exception:
        return None
    finally:
        for waiting in run.waiting:
            waiting.value.close()  # type: ignore[attr-defined]  # a coroutine that is not awaited
    return data


async def _next_level(run: Run) -> None:
    """Awaits all pending fields together and writes their values."""
    level, run.waiting = run.waiting, []
    if len(level) == 1:
        found = [await level[0].value]
    else:
        found = await gather_with_cancel(*(waiting.value for waiting in level))
    for waiting, value in zip(level, found, strict=True):
        waiting.target[waiting.name] = waiting.write(value, run)


class Plans:
    """Compiles plans for one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._of_class: dict[type, GraphQLObjectType] = {}
        """The GraphQL object type of each class, without generic classes, which have several."""
        several: set[type] = set()
        for type_ in schema.type_map.values():
            written = type_.extensions.get(STRAWBERRY)
            if isinstance(type_, GraphQLObjectType) and written is not None:
                if written.origin in self._of_class:
                    several.add(written.origin)
                self._of_class[written.origin] = type_
        for class_ in several:
            del self._of_class[class_]

    def plan(self, operation: Operation) -> Plan | None:
        """Returns a plan for the query or mutation, or None when it needs the executor."""
        root = self._root(operation)
        if root is None:
            return None
        type_, name, details = root
        try:
            field, resolver = _field(type_, details[0].node)
            if resolver is None or (operation.type == "mutation" and not resolver.is_async):
                return None  # the executor calls a failed synchronous resolver again
            write = _Compiler(self._schema, self._of_class, operation).writer(field.type, details)
            return Plan(name, resolver, _arguments(field, details[0].node), write)
        except Outside:
            return None

    def event_plan(self, operation: Operation) -> EventPlan | None:
        """Returns a plan for the events of the subscription, or None when they need the executor."""
        root = self._root(operation)
        if root is None:
            return None
        type_, name, details = root
        try:
            compiler = _Compiler(self._schema, self._of_class, operation)
            write = compiler.writer(type_.fields[details[0].node.name.value].type, details)
            return EventPlan(name, write, shared=compiler.shared)
        except Outside:
            return None

    def _root(self, operation: Operation) -> tuple[GraphQLObjectType, str, list[FieldDetails]] | None:
        """Returns the parent type, response name and selections of the only root field, or None if there are more."""
        root_type = self._schema.get_root_type(operation.node.operation)
        if operation.selected is None or root_type is None:
            return None
        found = collect_fields(self._schema, operation.fragments, NO_VARIABLES, root_type, operation.node, True)
        if len(found.grouped_field_set) != 1:
            return None
        ((name, details),) = found.grouped_field_set.items()
        return root_type, name, details


class _Compiler:
    """Creates the writers of one operation."""

    def __init__(
        self, schema: GraphQLSchema, of_class: Mapping[type, GraphQLObjectType], operation: Operation
    ) -> None:
        # Does not hold the operation: it refers to its plan, and the cycle would wait for the garbage collector.
        self._schema, self._of_class = schema, of_class
        self._fragments, self._node = operation.fragments, operation.node
        self.shared = True
        """Whether all compiled fields depend only on the root value."""

    def writer(self, type_: Any, details: list[FieldDetails]) -> Write:
        """Returns the writer of a type. Raises NotCompilable."""
        if is_non_null_type(type_):
            return self._present(type_.of_type, details)
        write = self._present(type_, details)
        return lambda value, run: None if value is None else write(value, run)

    def _present(self, type_: Any, details: list[FieldDetails]) -> Write:
        """Returns the writer for values that are not null; it raises for None."""
        if is_leaf_type(type_):
            return _leaf(type_.coerce_output_value)
        if is_list_type(type_):
            return _list(self.writer(type_.of_type, details))
        if is_object_type(type_):
            return self._object(type_, details)
        if is_abstract_type(type_):
            return self._abstract(type_, details)
        raise Outside

    def _object(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Write:
        if type_.name in MUTATION_TYPES:
            raise Outside
        fields = collect_subfields(
            self._schema, self._fragments, NO_VARIABLES, self._node, type_, details, True
        ).grouped_field_set
        return _object([self._put(type_, name, found) for name, found in fields.items()])

    def _abstract(self, type_: Any, details: list[FieldDetails]) -> Write:
        """Returns a writer that compiles one writer for each class of value, at its first value."""
        self.shared = False  # not known before the first value
        writers: dict[type, Write] = {}

        def write(value: Any, run: Run) -> Any:
            class_ = type(value)
            known = writers.get(class_)
            if known is None:
                of_class = self._of_class.get(class_)
                if of_class is None or not self._schema.is_sub_type(type_, of_class):
                    raise Outside
                known = writers[class_] = self._object(of_class, details)
            return known(value, run)

        return write

    def _put(self, parent: GraphQLObjectType, name: str, details: list[FieldDetails]) -> "Put":
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


Put = Callable[[Any, dict[str, Any], Run], None]
"""Writes a field of an object into the dict of its written fields."""


def _field(parent: GraphQLObjectType, node: FieldNode) -> tuple[GraphQLField, Resolver | None]:
    """Returns a field, and its resolver or None for a plain attribute. Raises NotCompilable for introspection."""
    field = parent.fields.get(node.name.value)
    if field is None or STRAWBERRY not in field.extensions or RESOLVER not in field.extensions:
        raise Outside
    return field, field.extensions[RESOLVER]


@cache
def _leaf(coerce: Callable[[Any], Any]) -> Write:
    """Returns the writer of a leaf type. All its fields share one."""

    def write(value: Any, run: Run) -> Any:
        coerced = None if value is None else coerce(value)  # `str` would accept None
        if coerced is None or coerced is Undefined:
            raise Outside
        return coerced

    return write


def _list(item: Write) -> Write:
    def write(value: Any, run: Run) -> Any:
        if type(value) is not list and type(value) is not tuple:
            raise Outside
        return [item(one, run) for one in value]

    return write


def _object(puts: list[Put]) -> Write:
    def write(value: Any, run: Run) -> Any:
        if value is None:
            raise Outside
        written: dict[str, Any] = {}
        for put in puts:
            put(value, written, run)
        return written

    return write


def _constant(name: str, text: str) -> Put:
    def put(source: Any, written: dict[str, Any], run: Run) -> None:
        written[name] = text

    return put


def _attribute(name: str, attribute: str, write: Write) -> Put:
    def put(source: Any, written: dict[str, Any], run: Run) -> None:
        written[name] = write(getattr(source, attribute), run)

    return put


def _resolved(name: str, resolver: Resolver, arguments: Arguments, write: Write) -> Put:
    call = resolver.call
    if resolver.is_async:

        def wait(source: Any, written: dict[str, Any], run: Run) -> None:
            written[name] = None
            run.waiting.append(Waiting(call(source, run, arguments(run)), written, name, write))

        return wait

    def put(source: Any, written: dict[str, Any], run: Run) -> None:
        written[name] = write(call(source, run, arguments(run)), run)

    return put


def _arguments(field: GraphQLField, node: FieldNode) -> Arguments:
    """Returns the function for a field's arguments. Without variables they are computed here, once."""
    if not field.args:
        return _no_arguments
    given = node.arguments or ()
    if not any(_has_variable(argument.value) for argument in given):
        try:
            constant = get_argument_values(field, node, NO_VARIABLES, None, True)
        except Exception:
            raise Outside from None
        return lambda run: constant
    if len(given) == len(field.args) == 1 and isinstance(given[0].value, VariableNode):
        return _only(field, node, given[0].value.name.value)
    return lambda run: get_argument_values(field, node, run.values, None, True)


def _no_arguments(run: Run) -> dict[str, Any]:
    return {}


def _only(field: GraphQLField, node: FieldNode, variable: str) -> Arguments:
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
