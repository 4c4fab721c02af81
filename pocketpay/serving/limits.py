"""Limits for documents: depth, aliases, fields, cost, pages and mutations, measured in one pass.

    depth            levels of nested fields
    aliases, fields  fragments count at each spread, as in execution. A `__typename` without an alias is not counted:
                     client caches add it to every selection, and it reads nothing
    cost             objects that the response may hold: a connection multiplies the cost below it by its `first` or
                     `last` (20 when absent), a list without pages by 2, or by its maximum length in LONG_LISTS
    pages            pages of lists, each of which is a separate read; multiplied like objects
    root mutations   fields of a mutation, and of `operations` in it: each is a separate change

A document is measured once, before it is validated: a text of 678 bytes can select two million fields, and validation
rules that visit a fragment at each spread take seconds for it. Each fragment is measured once. The page size in a
variable is not known at that time, so the largest is assumed. Only when this exceeds a limit, each request is
measured again with its own variables.
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
from pocketpay.api.pages import DEFAULT_SIZE, LARGEST
from pocketpay.cards.listing import MOST_LISTED as MAX_CARDS
from pocketpay.identity.sessions import MOST_LISTED as MAX_SESSIONS
from pocketpay.payments.split_bill import MAX_PAYERS
from pocketpay.payments.transfer_batch import MAX_TRANSFERS
from pocketpay.serving.failures import TooComplex
from pocketpay.settings import Settings
from pocketpay.transactions.history import LISTED

UNPAGED_LENGTH = 2
"""Assumed length of a list without pages: most are short, and have a fixed maximum."""

LONG_LISTS = {
    ("TransferBatchPayload", "results"): MAX_TRANSFERS,
    ("SplitBillPayload", "moneyRequests"): MAX_PAYERS,
    ("Transaction", "refunds"): LISTED,
    ("Query", "cards"): MAX_CARDS,
    ("Customer", "sessions"): MAX_SESSIONS,
}
"""Lists without pages that can be long, with their maximum length. Refunds are among them because a query can go from
a payment to its refunds and back, several times."""

MAX_PAGES = 60
"""Each page is a separate read, of about 25 ms when it counts with a filter. The limit allows one page in each
aliased field, or one in each item of a page of fifty. It excludes one in each result of a batch, where all pages are
those of the same wallet."""

CONNECTION_LISTS = frozenset({"edges", "nodes"})


@dataclass(frozen=True, slots=True)
class Weight:
    """The measured size of a part of a document. `varies` means that a page size in it is a variable."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    cost: int = 0
    pages: int = 0
    varies: bool = False

    def plus(self, other: "Weight") -> "Weight":
        return Weight(
            max(self.depth, other.depth),
            self.aliases + other.aliases,
            self.fields + other.fields,
            self.cost + other.cost,
            self.pages + other.pages,
            self.varies or other.varies,
        )


ZERO_WEIGHT = Weight()


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a document."""

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

    def as_extension(self, weight: Weight) -> dict[str, dict[str, int]]:
        """Returns the weight and the limits, as `extensions.cost` shows them."""
        return {
            "depth": {"value": weight.depth, "limit": self.depth},
            "aliases": {"value": weight.aliases, "limit": self.aliases},
            "fields": {"value": weight.fields, "limit": self.fields},
            "cost": {"value": weight.cost, "limit": self.cost},
            "pages": {"value": weight.pages, "limit": MAX_PAGES},
        }

    def excess(self, weight: Weight) -> TooComplex | None:
        """Returns the error for the first limit that the weight exceeds, or None."""
        for text, value, limit in (
            ("is nested {} levels deep", weight.depth, self.depth),
            ("has {} aliases", weight.aliases, self.aliases),
            ("selects {} fields", weight.fields, self.fields),
            ("can return {} objects", weight.cost, self.cost),
            ("reads {} pages", weight.pages, MAX_PAGES),
        ):
            if value > limit:
                return TooComplex(f"This document {text.format(value)}; the limit is {limit}.")
        return None


class Measure:
    """Measures the operations of one document. `variables` give the page sizes; None assumes the largest."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any] | None = None
    ) -> None:
        self._schema, self._variables = schema, variables
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._weighed: dict[tuple[str, int | None], Weight] = {}

    def operation(self, node: OperationDefinitionNode) -> Weight:
        """Returns the weight of the operation."""
        return self._selections(node.selection_set, self._schema.get_root_type(node.operation), None)

    def root_mutations(self, node: OperationDefinitionNode) -> int:
        """Returns the number of mutations in the operation; 0 for a query or subscription.

        Root fields count, and the operator mutations below one of them. Fragments count at each spread.
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
                        counted[name] = 0  # a cycle counts 0; validation rejects it
                        fragment = self._fragments.get(name)
                        counted[name] = self._mutations(fragment.selection_set, type_, counted) if fragment else 0
                    count += counted[name]
        return count

    def _selections(self, selections: SelectionSetNode, parent: GraphQLNamedType | None, page: int | None) -> Weight:
        total = ZERO_WEIGHT
        for node in selections.selections:
            match node:
                case FieldNode():
                    total = total.plus(self._field(node, parent, page))
                case InlineFragmentNode():
                    on = node.type_condition
                    inner = self._schema.get_type(on.name.value) if on else parent
                    total = total.plus(self._selections(node.selection_set, inner, page))
                case FragmentSpreadNode():
                    total = total.plus(self._fragment(node.name.value, page))
        return total

    def _fragment(self, name: str, page: int | None) -> Weight:
        cached = self._weighed.get((name, page))
        if cached is not None:
            return cached
        fragment = self._fragments.get(name)
        if fragment is None:
            return ZERO_WEIGHT
        self._weighed[name, page] = ZERO_WEIGHT  # a cycle has no weight; validation rejects it
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
        multiplier, inner_page, varies = self._multiplier(node, parent, field, page)
        below = self._selections(node.selection_set, type_, inner_page)
        if name.startswith("__"):
            # Introspection: graphql-core limits its depth, and it reads no data, so it has no cost.
            return Weight(1, alias + below.aliases, 1 + below.fields)
        objects = 1 if type_ is None or is_composite_type(type_) else 0
        return replace(
            below,
            depth=below.depth + 1,
            aliases=below.aliases + alias,
            fields=below.fields + 1,
            cost=multiplier * (objects + below.cost),
            pages=multiplier * below.pages + (field is not None and "first" in field.args),
            varies=below.varies or varies,
        )

    def _multiplier(
        self, node: FieldNode, parent: GraphQLNamedType | None, field: GraphQLField | None, page: int | None
    ) -> tuple[int, int | None, bool]:
        """Returns how often the selections below a field count, its page size, and whether a variable gives it."""
        if field is None:
            return 1, None, False
        paged = "first" in field.args
        size, varies = self._size(node, field) if paged else (UNPAGED_LENGTH, False)
        if _is_list(field):
            if (length := LONG_LISTS.get((parent.name if parent else "", node.name.value))) is not None:
                return length, None, False
            if page is not None and node.name.value in CONNECTION_LISTS:
                return page, None, False
            return size, None, varies
        return 1, size if paged else None, varies

    def _size(self, node: FieldNode, field: GraphQLField) -> tuple[int, bool]:
        """Returns the requested page size of a field, and whether a variable gives it."""
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                match argument.value:
                    case IntValueNode(value=digits):
                        return _bounded(int(digits[:6])), False
                    case VariableNode():
                        return self._variable_size(argument.value.name.value), True
        default = field.args["first"].default_value if "first" in field.args else None
        return (_bounded(default) if isinstance(default, int) else DEFAULT_SIZE), False

    def _variable_size(self, name: str) -> int:
        if self._variables is None:
            return LARGEST
        value = self._variables.get(name, DEFAULT_SIZE)
        return _bounded(value) if isinstance(value, int) else DEFAULT_SIZE


def _bounded(size: int) -> int:
    """Returns a size from 0 to the largest: the list itself refuses larger pages."""
    return max(0, min(size, LARGEST))


def _is_list(field: GraphQLField) -> bool:
    type_ = field.type
    return is_list_type(type_.of_type if is_non_null_type(type_) else type_)
