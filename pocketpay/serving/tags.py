"""The tag of an operation in the metrics and in the log. A request cannot invent any part of it.

    type        query, mutation, subscription; "none" when there was no operation
    operation   the name of a trusted document's operation, or the root field if there is one; else "other"
    outcome     ok, errors, rejected (not executed), busy, internal
    code        the code of the most severe error; "" without errors

A stranger can write any operation name and alias into a document. Neither becomes a label.
"""

from typing import NamedTuple

from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode

OTHER = "other"

MAX_TRUSTED_NAMES = 300
"""Names of trusted documents that become labels. Each has about 20 series."""


class Tag(NamedTuple):
    """The recorded type, name, outcome and code of one operation: see above."""

    type: str
    operation: str
    outcome: str
    code: str


class Labels:
    """Returns the labels of operations for one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
        self._fields = frozenset(name for root in roots if root is not None for name in root.fields)
        self._trusted: set[str] = set()

    def of(self, node: OperationDefinitionNode, *, trusted: bool) -> str:
        """Returns the label of an operation. `trusted` means that its document is a trusted one."""
        name = node.name.value if node.name else None
        if trusted and name is not None and (name in self._trusted or len(self._trusted) < MAX_TRUSTED_NAMES):
            self._trusted.add(name)
            return name
        selections = node.selection_set.selections
        if len(selections) == 1 and isinstance(selections[0], FieldNode):
            field = selections[0].name.value
            return field if field in self._fields else OTHER
        return OTHER
