"""Where in a request a malformed value stands: `extensions.inputPath` of BAD_USER_INPUT.

    a variable      the variable's name, then the fields and indexes within it     ["input", "transfers", 0, "amount"]
    an argument     the argument's name, then the same                            ["amount"]

graphql-core knows the place and writes it into its message; of a literal it gives the node, which is looked for in
the document. Both happen only when something is wrong.
"""

import re
from collections.abc import Iterable, Sequence

from graphql import (
    ArgumentNode,
    DocumentNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    VariableDefinitionNode,
)

InputPath = list[str | int]

PLACE = re.compile(r"(?:Variable '\$(\w+)'|Argument '(\w+)') has invalid (?:default )?value(?: at ([^:]+))?: ")
"""How graphql-core begins its words about a value."""

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def in_message(message: str) -> InputPath | None:
    """The place that a message of graphql-core names, or None."""
    place = PLACE.match(message)
    if place is None:
        return None
    variable, argument, steps = place.groups()
    within = (name or int(index) for name, index in _STEP.findall(steps or ""))
    return [variable or argument, *within]


def in_document(document: DocumentNode, value: Node) -> InputPath | None:
    """The place of that literal among the arguments and the variables' defaults of the document, or None."""
    stack: list[Node] = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, ArgumentNode):
            found = _within(node.value, value, [node.name.value])
        elif isinstance(node, VariableDefinitionNode) and node.default_value is not None:
            found = _within(node.default_value, value, [node.variable.name.value])
        else:
            found = None
            stack += _children(node)
        if found is not None:
            return found
    return None


def _within(node: Node, value: Node, path: InputPath) -> InputPath | None:
    stack: list[tuple[Node, InputPath]] = [(node, path)]
    while stack:
        node, path = stack.pop()
        if node is value:
            return path
        if isinstance(node, ObjectValueNode):
            stack += [(field.value, [*path, field.name.value]) for field in node.fields]
        elif isinstance(node, ListValueNode):
            stack += [(item, [*path, index]) for index, item in enumerate(node.values)]
    return None


def _children(node: Node) -> Iterable[Node]:
    for key in node.keys:
        child = getattr(node, key, None)
        if isinstance(child, Node):
            yield child
        elif isinstance(child, Sequence) and not isinstance(child, str):
            yield from (one for one in child if isinstance(one, Node))
