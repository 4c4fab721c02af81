"""Makes random documents of a schema: fields, aliases, fragments, directives, literals and variables."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

from tests.fuzz.pool import Pool

MAX_DEPTH = 6
TAGS_OF = {
    "cancelRequest": "request_",
    "declineRequest": "request_",
    "payRequest": "request_",
    "Card": "card_",
    "Session": "session_",
    "Transfer": "transaction_",
    "refund": "transaction_",
    "ransaction": "transaction_",
}
"""The tag of the ids that fit a root field, by a part of its name."""
DIFFERS = {("AuditReport", name) for name in ("seconds", "finishedAt", "wholeAt")}
"""Fields whose value changes when the executor repeats a plan (tests.checked_plans): the times of an audit."""
DAMAGE = ("", "}", "{", "(", '"', '"""', "$", "@", "...", "\0", "#", "é", "\ufeff", "null", ":", "!", "&", "\\u{0}")


@dataclass
class Made:
    """A document, its variables, and whether its text was damaged after it was made."""

    text: str
    variables: dict[str, Any] = field(default_factory=dict)
    damaged: bool = False


class DocumentMaker:
    """Makes documents of one schema with the values of a pool."""

    def __init__(self, schema: GraphQLSchema, pool: Pool) -> None:
        self._schema, self._pool, self._random = schema, pool, pool.random

    def document(self, kind: str) -> Made:
        """Makes a document with one operation of that kind: query, mutation or subscription."""
        root = {
            "query": self._schema.query_type,
            "mutation": self._schema.mutation_type,
            "subscription": self._schema.subscription_type,
        }[kind]
        assert root is not None
        one = _OneDocument(self._schema, self._pool, self._random)
        selected = one.root(root, 1 if kind == "subscription" else self._pool.pick((1, 1, 1, 2, 3)))
        variables = f"({', '.join(one.declared)})" if one.declared else ""
        text = " ".join([f"{kind} Q{variables} {selected}", *one.fragments])
        damaged = self._random.random() < self._pool.odd_share / 3
        if damaged:
            at = self._random.randrange(len(text))
            text = text[:at] + str(self._pool.pick(DAMAGE)) + text[at + self._random.randrange(3) :]
        return Made(text, one.variables, damaged)


class _OneDocument:
    def __init__(self, schema: GraphQLSchema, pool: Pool, chance: random.Random) -> None:
        self._schema, self._pool, self._random = schema, pool, chance
        self.declared: list[str] = []
        self.variables: dict[str, Any] = {}
        self.fragments: list[str] = []
        self._aliases = 0
        self._root = ""

    def root(self, type_: GraphQLObjectType, many: int) -> str:
        names = [self._pool.pick([*type_.fields]) for _ in range(many)]
        return f"{{ {' '.join(self._field(name, type_.fields[name], MAX_DEPTH, rename=True) for name in names)} }}"

    def _selection(self, type_: Any, depth: int) -> str:
        if isinstance(type_, GraphQLUnionType | GraphQLInterfaceType):
            parts = ["__typename"]
            possible = self._schema.get_possible_types(type_)
            if isinstance(type_, GraphQLInterfaceType):
                parts += self._fields(type_, depth)
            for one in sorted({self._pool.pick(possible).name for _ in range(self._random.randrange(4))}):
                parts.append(f"... on {one} {self._selection(self._schema.type_map[one], depth - 1)}")
            return f"{{ {' '.join(parts)} }}"
        assert isinstance(type_, GraphQLObjectType)
        fields = self._fields(type_, depth) or ["__typename"]
        if self._random.random() < 0.05:
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {type_.name} {{ {' '.join(fields)} }}")
            return f"{{ __typename ...{name} }}"
        if self._random.random() < 0.05:
            return f"{{ ... {{ {' '.join(fields)} }} }}"
        return f"{{ {' '.join(fields)} }}"

    def _fields(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> list[str]:
        share = min(1.0, 6 / len(type_.fields))
        chosen = []
        for name, one in type_.fields.items():
            leaf = is_leaf_type(get_named_type(one.type))
            if (type_.name, name) in DIFFERS:
                continue
            if name == "errors":  # the laws about refusals need their codes
                chosen.append("errors { __typename code path message retryable }")
            elif (leaf or depth > 0) and self._random.random() < (share if leaf else share / 1.5):
                chosen.append(self._field(name, one, depth - 1))
        return chosen

    def _field(self, name: str, one: GraphQLField, depth: int, *, rename: bool = False) -> str:
        alias = ""
        if rename:
            self._root = name
        if rename or one.args or self._random.random() < 0.03:
            self._aliases += 1
            alias = f"a{self._aliases}: "
        unused = set()
        if {"first", "last"} <= one.args.keys() and self._random.random() < 0.9:  # the two ends exclude each other
            unused = self._pool.pick(({"last", "before"}, {"first", "after"}))
        arguments = [
            written
            for argument in sorted(one.args.keys() - unused)
            if (written := self._argument(argument, one.args[argument])) is not None
        ]
        called = f"({', '.join(arguments)})" if arguments else ""
        directive = ""
        if self._random.random() < 0.03:
            directive = f" @{self._pool.pick(('include', 'skip'))}(if: {self._pool.pick(('true', 'false'))})"
        named = get_named_type(one.type)
        below = "" if is_leaf_type(named) else " " + self._selection(named, depth)
        return f"{alias}{name}{called}{directive}{below}"

    def _argument(self, name: str, argument: GraphQLArgument) -> str | None:
        if not isinstance(argument.type, GraphQLNonNull) and self._random.random() < 0.4:
            return None
        self._pool.tag = next((tag for word, tag in TAGS_OF.items() if word in self._root), "")
        value = self._pool.value(argument.type, name)
        if self._random.random() < 0.55:
            variable = f"v{len(self.declared)}"
            type_: Any = argument.type
            if self._random.random() < self._pool.odd_share / 10:
                type_ = self._pool.pick(("String", "Int!", "[ID!]", "NoSuchInput"))
            default = f" = {literal(value, argument.type)}" if self._random.random() < 0.05 else ""
            self.declared.append(f"${variable}: {type_}{default}")
            if not default or self._random.random() < 0.5:
                self.variables[variable] = value
            return f"{name}: ${variable}"
        return f"{name}: {literal(value, argument.type)}"


def literal(value: Any, type_: GraphQLInputType | None) -> str:
    """Writes a JSON value as a literal. `type_` tells enum values from strings."""
    if isinstance(type_, GraphQLNonNull):
        return literal(value, type_.of_type)
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case list():
            item = type_.of_type if isinstance(type_, GraphQLList) else None
            return f"[{', '.join(literal(one, item) for one in value)}]"
        case dict():
            fields = type_.fields if isinstance(type_, GraphQLInputObjectType) else {}
            written = [
                f"{name}: {literal(one, fields[name].type if name in fields else None)}"
                for name, one in value.items()
                if name.isidentifier() and name.isascii()
            ]
            return f"{{{', '.join(written)}}}"
        case str() if isinstance(type_, GraphQLEnumType):
            return value if value.isidentifier() and value.isascii() else json.dumps(value)
        case _:
            return json.dumps(value)
