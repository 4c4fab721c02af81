"""How much a document may ask for, measured in one pass that looks at each fragment once.

    depth            fields within fields
    aliases, fields  with every fragment written out at each of its spreads, which is what execution does; a
                     `__typename` without an alias is no field: caches add it to every selection, and it reads nothing
    cost             objects the answer may hold: a connection multiplies what is under it by its `first` or `last`
                     (20 when absent), a list without pages by 2, or where it may be longer by as much as that
    pages            pages of lists, each of which is a read of its own, multiplied like objects
    root mutations   fields of a mutation and of `operations` in it, each of which is work of its own

Measured once for each text, before it is validated: a text of 678 bytes can ask for two million fields, and rules
that walk a fragment at each spread take seconds over it. A page size in a variable is not known then: the largest
is assumed, and only where that would be too much is the request measured again with its own values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from pocketpay.api.operations.root import MUTATION_TYPES
from pocketpay.api.pages import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from pocketpay.cards.listing import MOST_LISTED as MOST_CARDS
from pocketpay.identity.sessions import MOST_LISTED as MOST_SESSIONS
from pocketpay.payments.split_bill import MOST_ASKED
from pocketpay.payments.transfer_batch import MOST_TRANSFERS
from pocketpay.serving.failures import TooComplex
from pocketpay.settings import Settings
from pocketpay.transactions.history import LISTED

UNPAGED = 2
"""What a list without pages counts: most are short, and bounded by the product."""

LONG_LISTS = {
    ("TransferBatchPayload", "results"): MOST_TRANSFERS,
    ("SplitBillPayload", "moneyRequests"): MOST_ASKED,
    ("Transaction", "refunds"): LISTED,
    ("Query", "cards"): MOST_CARDS,
    ("Customer", "sessions"): MOST_SESSIONS,
}
"""Lists without pages that can be long: counted as long as they may be. Refunds lead back to what they refund, and
each time round to all its refunds."""

MOST_PAGES = 60
"""Each is a read of its own, of some 25 ms where a filter counts. Room for one in each field with an alias, or for
one in each row of a page of fifty; not for one in each result of a batch, where they are all the same wallet's."""

CONNECTION_LISTS = frozenset({"edges", "nodes"})


@dataclass(frozen=True, slots=True)
class Weight:
    """What part of a document asks for. `varies` says that a page size in it is a variable's."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    cost: int = 0
    pages: int = 0
    varies: bool = False

    def beside(self, other: "Weight") -> "Weight":
        return Weight(
            max(self.depth, other.depth),
            self.aliases + other.aliases,
            self.fields + other.fields,
            self.cost + other.cost,
            self.pages + other.pages,
            self.varies or other.varies,
        )


NOTHING = Weight()


@dataclass(frozen=True, slots=True)
class Limits:
    """The most a document may ask for."""

    tokens: int
    depth: int
    aliases: int
    fields: int
    cost: int
    root_mutations: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(
            settings.document_tokens,
            settings.document_depth,
            settings.document_aliases,
            settings.document_fields,
            settings.document_cost,
            settings.root_mutations,
        )

    def shown(self, weight: Weight) -> dict[str, dict[str, int]]:
        """That weight beside the limits, as an answer shows it."""
        return {
            "depth": {"value": weight.depth, "limit": self.depth},
            "aliases": {"value": weight.aliases, "limit": self.aliases},
            "fields": {"value": weight.fields, "limit": self.fields},
            "cost": {"value": weight.cost, "limit": self.cost},
            "pages": {"value": weight.pages, "limit": MOST_PAGES},
        }

    def excess(self, weight: Weight) -> TooComplex | None:
        """What is wrong with that weight, the first of it, or None."""
        for what, is_, most in (
            ("is nested {} levels deep", weight.depth, self.depth),
            ("has {} aliases", weight.aliases, self.aliases),
            ("selects {} fields", weight.fields, self.fields),
            ("can return {} objects", weight.cost, self.cost),
            ("reads {} pages", weight.pages, MOST_PAGES),
        ):
            if is_ > most:
                return TooComplex(f"This document {what.format(is_)}; the limit is {most}.")
        return None


class Measure:
    """Weighs the operations of one document. `variables` are a request's own page sizes; None assumes the largest."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any] | None = None
    ) -> None:
        self._schema, self._variables = schema, variables
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._weighed: dict[tuple[str, int | None], Weight] = {}

    def operation(self, node: OperationDefinitionNode) -> Weight:
        """What that operation asks for."""
        return self._selections(node.selection_set, self._schema.get_root_type(node.operation), None)

    def root_mutations(self, node: OperationDefinitionNode) -> int:
        """How many mutations that operation makes, 0 for another kind.

        Counted are its root fields and those of operators below one of them, fragments written out.
        """
        if node.operation is not OperationType.MUTATION:
            return 0
        return self._mutations(node.selection_set, self._schema.mutation_type, {})

    def _mutations(
        self, selections: SelectionSetNode, type_: GraphQLObjectType | None, counted: dict[str, int]
    ) -> int:
        count = 0
        for node in selections.selections:
            match node:
                case FieldNode() if node.name.value == "__typename":
                    pass
                case FieldNode():
                    field = type_.fields.get(node.name.value) if type_ else None
                    below = get_named_type(field.type) if field else None
                    if is_object_type(below) and below.name in MUTATION_TYPES and node.selection_set is not None:
                        count += self._mutations(node.selection_set, below, counted)
                    else:
                        count += 1
                case InlineFragmentNode():
                    count += self._mutations(node.selection_set, type_, counted)
                case FragmentSpreadNode():
                    name = node.name.value
                    if name not in counted:
                        counted[name] = 0  # a cycle counts nothing, and does not pass validation
                        fragment = self._fragments.get(name)
                        counted[name] = self._mutations(fragment.selection_set, type_, counted) if fragment else 0
                    count += counted[name]
        return count

    def _selections(self, selections: SelectionSetNode, parent: GraphQLNamedType | None, page: int | None) -> Weight:
        total = NOTHING
        for node in selections.selections:
            match node:
                case FieldNode():
                    total = total.beside(self._field(node, parent, page))
                case InlineFragmentNode():
                    on = node.type_condition
                    inner = self._schema.get_type(on.name.value) if on else parent
                    total = total.beside(self._selections(node.selection_set, inner, page))
                case FragmentSpreadNode():
                    total = total.beside(self._fragment(node.name.value, page))
        return total

    def _fragment(self, name: str, page: int | None) -> Weight:
        known = self._weighed.get((name, page))
        if known is not None:
            return known
        fragment = self._fragments.get(name)
        if fragment is None:
            return NOTHING
        self._weighed[name, page] = NOTHING  # a cycle weighs nothing, and does not pass validation
        on = self._schema.get_type(fragment.type_condition.name.value)
        weight = self._weighed[name, page] = self._selections(fragment.selection_set, on, page)
        return weight

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, page: int | None) -> Weight:
        alias = 1 if node.alias else 0
        name = node.name.value
        if node.selection_set is None:
            return Weight(1, alias, 0 if name == "__typename" and not alias else 1)
        field: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        type_ = get_named_type(field.type) if field else None
        times, inner_page, varies = self._times(node, parent, field, page)
        under = self._selections(node.selection_set, type_, inner_page)
        if name.startswith("__"):
            # The schema asked about itself: graphql-core has a rule for its depth, and its cost is ours to bear once.
            return Weight(1, alias + under.aliases, 1 + under.fields)
        objects = 1 if type_ is None or is_composite_type(type_) else 0
        return replace(
            under,
            depth=under.depth + 1,
            aliases=under.aliases + alias,
            fields=under.fields + 1,
            cost=times * (objects + under.cost),
            pages=times * under.pages + (field is not None and "first" in field.args),
            varies=under.varies or varies,
        )

    def _times(
        self, node: FieldNode, parent: GraphQLNamedType | None, field: GraphQLField | None, page: int | None
    ) -> tuple[int, int | None, bool]:
        """How often what is under a field may be in the answer, the page it opens, and whether that varies."""
        if field is None:
            return 1, None, False
        paged = "first" in field.args
        size, varies = self._size(node, field) if paged else (UNPAGED, False)
        if _is_list(field):
            if (known := LONG_LISTS.get((parent.name if parent else "", node.name.value))) is not None:
                return known, None, False
            if page is not None and node.name.value in CONNECTION_LISTS:
                return page, None, False
            return size, None, varies
        return 1, size if paged else None, varies

    def _size(self, node: FieldNode, field: GraphQLField) -> tuple[int, bool]:
        """The size of the page that a field asks for, and whether a variable says it."""
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                match argument.value:
                    case IntValueNode(value=digits):
                        return _bounded(int(digits[:6])), False
                    case VariableNode():
                        return self._variable_size(argument.value.name.value), True
        default = field.args["first"].default_value if "first" in field.args else None
        return (_bounded(default) if isinstance(default, int) else DEFAULT_PAGE_SIZE), False

    def _variable_size(self, name: str) -> int:
        if self._variables is None:
            return MAX_PAGE_SIZE
        value = self._variables.get(name, DEFAULT_PAGE_SIZE)
        return _bounded(value) if isinstance(value, int) else DEFAULT_PAGE_SIZE


def _bounded(size: int) -> int:
    """A page past the largest is refused by its list."""
    return max(0, min(size, MAX_PAGE_SIZE))


def _is_list(field: GraphQLField) -> bool:
    type_ = field.type
    return is_list_type(type_.of_type if is_non_null_type(type_) else type_)
