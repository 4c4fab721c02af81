"""Validates documents within budgets, so that the time for each is bounded.

Some rules of graphql-core compare every field with every other field of the same name, or visit a fragment once for
each operation. The library stops them only after seconds, so this module lowers its budgets. They apply to the whole
process.

Decision 23 gives the reasons.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    specified_rules,
    validate,
)
from graphql.validation import (
    ASTValidationRule,
    NoSchemaIntrospectionCustomRule,
    ValidationContext,
    validation_context,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from pocketpay.serving.failures import VALIDATION_FAILED, TooComplex, with_code

MAX_ERRORS = 5
"""Validation errors in one response; a long document gets one, because each error may quote a large part of it."""
MAX_ERRORS_WITH_SUGGESTIONS = 3
"""Suggestions of similar names are made for at most this many errors: each takes a millisecond."""

OVERLAP_BUDGET = 1_850
"""The budget for comparing fields with the same response name in validation: a pair costs 2, a visited fragment 1,
each about 2 to 5 µs. The number of pairs is quadratic in the repetitions of a name; a document that repeats no name
costs nothing. Ten fragments that select the same five fields of an object cost 920."""
FRAGMENT_BUDGET = 3_000
"""The budget for fragments that several operations share during validation, in spreads and uses of variables."""

MAX_LISTED_VALUES = 200
"""Numbers, strings and enum values in all lists of a document: each takes 15 µs and is only one token. The longest
list literal of our clients names all transaction types."""

overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = OVERLAP_BUDGET
validation_context.MAX_FRAGMENT_WORK = FRAGMENT_BUDGET
_validation = import_module("graphql.validation.validate")
_validation.query_document_keys_to_validate = {  # type: ignore[attr-defined]
    kind: tuple(key for key in keys if key not in ("name", "alias"))
    for kind, keys in _validation.query_document_keys_to_validate.items()
}
"""Validation does not visit names: no rule handles a name node, and they are half of all nodes."""
VALIDATION_ABORTED = "Validation aborted."
"""The message of graphql-core when a budget is exceeded."""


class MaxListedValuesRule(ASTValidationRule):
    """Stops validation when the lists of a document hold more than MAX_LISTED_VALUES values that are not objects."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._listed = 0

    def enter_list_value(self, node: ListValueNode, *_args: Any) -> None:
        self._listed += sum(not isinstance(value, ObjectValueNode) for value in node.values)
        if self._listed > MAX_LISTED_VALUES:
            raise TooComplex(f"The lists of this document have more than {MAX_LISTED_VALUES} values. Use a variable.")


class Validator:
    """Validates documents against one schema. Without `introspection` a document may not select the schema, and
    messages do not suggest names of it."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self._schema, self.introspection = schema, introspection
        self.rules = (
            MaxListedValuesRule,
            *specified_rules,
            MaybeNullValidationRule,
            OneOfInputValidationRule,
            *(() if introspection else (NoSchemaIntrospectionCustomRule,)),
        )

    def errors(self, document: DocumentNode, *, is_long: bool) -> list[GraphQLError]:
        """Returns the validation errors of a document. Raises TooComplex when it exceeds a budget."""
        errors = self._validate(document, max_errors=1 if is_long else MAX_ERRORS, hide_suggestions=True)
        if any(error.message == VALIDATION_ABORTED for error in errors):
            raise TooComplex("This document repeats fields or fragments too often.")
        if self.introspection and 0 < len(errors) <= MAX_ERRORS_WITH_SUGGESTIONS and not is_long:
            errors = self._validate(document, max_errors=MAX_ERRORS, hide_suggestions=False)
        return [with_code(error, VALIDATION_FAILED, document) for error in errors]

    def _validate(self, document: DocumentNode, *, max_errors: int, hide_suggestions: bool) -> list[GraphQLError]:
        visitors: list[ASTValidationRule] = []

        def recorded(rule: type[ASTValidationRule]) -> Callable[[ValidationContext], ASTValidationRule]:
            def make(context: ValidationContext) -> ASTValidationRule:
                visitors.append(rule(context))
                return visitors[-1]

            return make

        rules = [recorded(rule) for rule in self.rules]
        errors = validate(
            *(self._schema, document, rules),  # type: ignore[arg-type]  # it only calls the rules
            max_errors=max_errors,
            hide_suggestions=hide_suggestions,
        )
        for visitor in visitors:
            # A visitor refers to itself and to the document: without this they wait for the garbage collector.
            vars(visitor).clear()
        return errors
