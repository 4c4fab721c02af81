"""The schema: every verb and noun put together.

schema    built once; the doors execute it
sdl()     the same as text, sorted, as `pocketpay schema` prints it
"""

from collections.abc import Iterable
from typing import Any

import strawberry
from graphql import GraphQLError, lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types import ExecutionContext
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

from pocketpay.api import (
    errors,
    node,
    profile,
    recent_counterparties,
    risk_policy,
    search_profiles,
    transaction,
    transactions,
    viewer,
    wallet,
)
from pocketpay.api.scalars import SCALARS


class Schema(strawberry.Schema):
    """Strawberry's, which notes no error: the doors do, each once, and never what was sent."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        return


def _root(name: str, description: str, parts: Iterable[Any]) -> type:
    """A root type of those fields, and of the fields of those types."""
    fields: list[StrawberryField] = []
    for part in parts:
        definition = get_object_definition(part)
        fields += [part] if definition is None else definition.fields
    return create_type(name, fields, description=description)


QUERIES = [
    viewer.viewer,
    wallet.wallet,
    node.node,
    profile.profile,
    search_profiles.search_profiles,
    recent_counterparties.recent_counterparties,
    transaction.transaction,
    transactions.transactions,
    risk_policy.risk_policy,
]
MUTATIONS: list[Any] = []
SUBSCRIPTIONS: list[Any] = []


def build() -> Schema:
    return Schema(
        query=_root("Query", "What can be asked. It changes nothing.", QUERIES),
        mutation=_root("Mutation", "What can be done. Root fields run one after another.", MUTATIONS)
        if MUTATIONS
        else None,
        subscription=_root("Subscription", "What is told live, over graphql-transport-ws.", SUBSCRIPTIONS)
        if SUBSCRIPTIONS
        else None,
        types=[errors.InvalidInput, errors.Refusal, errors.InsufficientFunds, errors.WrongState],
        # Not `sort_schema`: the sorted copy has plain enums, which know nothing of Python's.
        config=StrawberryConfig(scalar_map=SCALARS),
    )


schema = build()


def sdl() -> str:
    """The schema as text, sorted, so that a change to it is a small diff."""
    return print_schema(lexicographic_sort_schema(schema._schema)) + "\n"
