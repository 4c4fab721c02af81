"""The path of a malformed value within a request: `extensions.inputPath` of BAD_USER_INPUT.

    in a variable   the variable's name, then the fields and indexes within it     ["input", "transfers", 0, "amount"]
    in an argument  the argument's name, then the fields and indexes               ["amount"]

graphql-core writes the path of a variable's value into its message. For a literal it returns the node, which is then
searched for in the document. Both happen only after an error.
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

MESSAGE_PREFIX = re.compile(
    r"(?:Variable '\$(\w+)'|Argument '(\w+)') has invalid (?:default )?value(?: at ([^:]+))?: "
)
"""The start of graphql-core's messages about a value."""

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def path_in_message(message: str) -> InputPath | None:
    """Returns the path in a message of graphql-core, or None when it has none."""
    match = MESSAGE_PREFIX.match(message)
    if match is None:
        return None
    variable, argument, steps = match.groups()
    within = (name or int(index) for name, index in _STEP.findall(steps or ""))
    return [variable or argument, *within]


def path_in_document(document: DocumentNode, value: Node) -> InputPath | None:
    """Returns the path of a literal in an argument or in the default of a variable, or None."""
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
            yield from (item for item in child if isinstance(item, Node))
