"""Prepares documents, and caches them for the next request with the same text.

    text ─► parse ─► limits ─► validate ─► PreparedDocument

Parsing and validation take about 1,150 µs, more than ten times as long as execution, and clients send the same few
texts again and again. Rejected texts are cached too, so that an invalid text costs this time only once.

Decision 23 gives the reasons.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import FragmentDetails

from pocketpay.api.bad_input import BadUserInput
from pocketpay.serving.executor import SelectedFields
from pocketpay.serving.failures import PARSE_FAILED, TooComplex, with_code
from pocketpay.serving.limits import Limits, Measure, Weight
from pocketpay.serving.plans import EventPlan, Plan
from pocketpay.serving.reading import read, unlink_tokens
from pocketpay.serving.tags import OTHER, Labels, Tag
from pocketpay.serving.trusted import NO_TEXTS, Texts
from pocketpay.serving.validation import Validator
from pocketpay.serving.variables import Variables

MAX_CACHED_TOKENS = 200_000
"""Tokens of all cached documents. Each takes about 0.5 KiB, so the cache is at most 100 MiB. A client's document has
50 to 300."""
MAX_CACHED_ANONYMOUS_TOKENS = 20_000
"""The same for documents of requests without a valid token. They have their own cache, so that such requests cannot
evict documents of signed-in users."""
TOKENS_PER_FIELD = 2
"""Tokens that are counted for each selected field: its part of a plan takes up to 1 KiB. Fields of a fragment are
counted at each spread in each operation, so a text of 400 tokens can select 5,000 fields."""
LONG_TOKENS = 400
"""A document with more tokens is long. Its errors have no suggestions, which need a second validation."""
MAX_DEFINITIONS = 30
"""Operations and fragments of a document. Each takes 100 to 300 µs, however short it is."""


class Operation:
    """One operation of a prepared document.

    `weight` is its weight when page sizes in variables are the largest. `recheck` is true when the weight must be
    computed again with the variables of each request. `selected` caches which fields it selects; it is None when the
    document has directives. `variables` checks the variables of a request; the first request creates it.
    `runs` counts requests, or events of a subscription, until the operation has a `plan` (or an `event_plan`) or is
    known to need the executor. `label` is the operation's name in the metrics; `ok` is the tag of an
    execution without errors.
    """

    __slots__ = (
        *("document", "event_plan", "fragment_definitions", "fragments", "name", "node", "plan", "recheck", "runs"),
        *("label", "ok", "selected", "type", "variables", "weight"),
    )

    def __init__(
        self,
        node: OperationDefinitionNode,
        prepared: "PreparedDocument",
        weight: Weight,
        *,
        recheck: bool,
        label: str = OTHER,
    ) -> None:
        self.node, self.document, self.weight, self.recheck = node, prepared.document, weight, recheck
        self.fragment_definitions, self.fragments = prepared.fragment_definitions, prepared.fragments
        self.selected = SelectedFields() if prepared.has_no_directives else None
        self.variables: Variables | None = None
        self.runs = 0
        self.plan: Plan | None = None
        self.event_plan: EventPlan | None = None
        self.name = node.name.value if node.name else None
        self.type = node.operation.value
        self.label, self.ok = label, Tag(self.type, label, "ok", "")


class PreparedDocument:
    """A parsed and validated document: its operations, or its errors with their codes.

    `tokens` measures its size in memory, including its plans.
    """

    __slots__ = (
        "document",
        "errors",
        "fragment_definitions",
        "fragments",
        "has_no_directives",
        "operations",
        "tokens",
    )

    def __init__(
        self,
        document: DocumentNode | None,
        errors: list[GraphQLError],
        tokens: int,
        *,
        has_no_directives: bool = False,
    ) -> None:
        self.document, self.errors, self.tokens, self.has_no_directives = document, errors, tokens, has_no_directives
        self.operations: list[Operation] = []
        definitions = document.definitions if document else ()
        self.fragment_definitions = {
            node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.fragments = {name: FragmentDetails(node, None) for name, node in self.fragment_definitions.items()}

    def operation(self, name: str | None) -> Operation:
        """Returns the requested operation. Raises BadUserInput when there is none, or when there are several and the
        request names none."""
        if name is None:
            if len(self.operations) == 1:
                return self.operations[0]
            if self.operations:
                raise BadUserInput("The document has several operations. Choose one with `operationName`.")
            raise BadUserInput("The document has no operation.")
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise BadUserInput("The document has no operation with this name.")


class _Cache:
    """A cache of prepared documents by text. It holds at most `tokens` tokens and evicts the least recently used."""

    def __init__(self, tokens: int) -> None:
        self._max_tokens = tokens
        self._tokens = 0
        self._texts: OrderedDict[str, PreparedDocument] = OrderedDict()

    def get(self, text: str) -> PreparedDocument | None:
        cached = self._texts.get(text)
        if cached is not None:
            self._texts.move_to_end(text)
        return cached

    def put(self, text: str, prepared: PreparedDocument) -> None:
        self._texts[text] = prepared
        self._tokens += prepared.tokens
        while self._tokens > self._max_tokens:
            self._tokens -= self._texts.popitem(last=False)[1].tokens


class Documents:
    """Prepares and caches the documents of one schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> None:
        self._schema, self._limits = schema, limits
        self._validator = Validator(schema, introspection=introspection)
        self.texts: Texts = NO_TEXTS
        """The texts of trusted documents, by id."""
        self._trusted: dict[str, PreparedDocument] = {}
        self._labels = Labels(schema)
        self._cache, self._anonymous_cache = _Cache(MAX_CACHED_TOKENS), _Cache(MAX_CACHED_ANONYMOUS_TOKENS)

    def trust(self, texts: Texts) -> dict[str, str]:
        """Prepares trusted documents and keeps them permanently. Returns the error of each invalid one, by its id."""
        errors: dict[str, str] = {}
        self.texts = texts
        for name, text in texts.items():
            if text not in self._trusted:
                prepared = self._trusted[text] = self._prepare(text, anonymous=False, trusted=True)
                if prepared.errors:
                    errors[name] = prepared.errors[0].message
        return errors

    def cached(self, text: str, *, anonymous: bool = False) -> PreparedDocument | None:
        """Returns the prepared document if it is cached. `anonymous` means a request without a valid token."""
        cached = self._trusted.get(text) or self._cache.get(text)
        if cached is None:
            cached = self._anonymous_cache.get(text)
            if cached is not None and cached.document is None and not anonymous:
                return None  # its limit of tokens was smaller: it may be valid here
        return cached

    def prepared(self, text: str, *, anonymous: bool = False) -> PreparedDocument:
        """Returns the prepared document, cached if possible. `anonymous` means a request without a valid token."""
        cached = self.cached(text, anonymous=anonymous)
        if cached is None:
            cached = self._prepare(text, anonymous=anonymous)
            (self._anonymous_cache if anonymous else self._cache).put(text, cached)
        return cached

    def check_cost(self, operation: Operation, variables: Mapping[str, Any] | None) -> None:
        """Checks the weight of an operation with the page sizes of a request. Raises TooComplex above a limit."""
        excess = self._limits.excess(self._weight(operation, variables))
        if excess is not None:
            raise excess

    def cost(self, operation: Operation, variables: Mapping[str, Any] | None) -> dict[str, dict[str, int]]:
        """Returns the weight of an operation with the page sizes of a request, together with the limits."""
        weight = self._weight(operation, variables) if operation.weight.varies else operation.weight
        return self._limits.as_extension(weight)

    def _weight(self, operation: Operation, variables: Mapping[str, Any] | None) -> Weight:
        """The weight of an operation with the page sizes of a request."""
        document = operation.document
        assert document is not None  # noqa: S101 - it has an operation
        return Measure(self._schema, document, variables or {}).operation(operation.node)

    def _prepare(self, text: str, *, anonymous: bool, trusted: bool = False) -> PreparedDocument:
        # Characters count too: a long text with few tokens also takes memory.
        characters = len(text) // 64
        try:
            document = read(text, self._limits.tokens, anonymous=anonymous)
        except GraphQLError as error:
            return PreparedDocument(None, [with_code(error, PARSE_FAILED)], 10 + characters)
        tokens = 10 + characters + unlink_tokens(document)
        prepared = PreparedDocument(document, [], tokens, has_no_directives="@" not in text)
        try:
            prepared.operations = self._operations_within_limits(prepared, document, trusted=trusted)
            prepared.errors = self._validator.errors(document, is_long=tokens > LONG_TOKENS)
        except TooComplex as excess:
            prepared.errors = [excess.with_traceback(None)]
        except RecursionError:
            # Nested fragments: the parser limits the depth of each, not their sum.
            prepared.errors = [TooComplex("This document is nested too deeply.")]
        return prepared

    def _operations_within_limits(
        self, prepared: PreparedDocument, document: DocumentNode, *, trusted: bool
    ) -> list[Operation]:
        """Returns the document's operations. Raises TooComplex when one exceeds a limit with any variables."""
        if len(document.definitions) > MAX_DEFINITIONS:
            raise TooComplex(f"This document has more than {MAX_DEFINITIONS} operations and fragments.")
        nodes = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        largest, smallest = Measure(self._schema, document), Measure(self._schema, document, {})
        operations = []
        for node in nodes:
            mutations = largest.root_mutations(node)
            if mutations > self._limits.root_mutations:
                raise TooComplex(f"This document has more than {self._limits.root_mutations} mutations.")
            weight = largest.operation(node)
            excess = self._limits.excess(weight)
            if excess is not None and (not weight.varies or self._limits.excess(smallest.operation(node))):
                raise excess
            prepared.tokens += TOKENS_PER_FIELD * weight.fields
            label = self._labels.of(node, trusted=trusted)
            operations.append(Operation(node, prepared, weight, recheck=excess is not None, label=label))
        return operations
