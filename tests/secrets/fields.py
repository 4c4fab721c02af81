"""Which strings of the schema are secret. A string with a new name belongs in one of the two lists."""

from collections.abc import Iterator

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from pocketpay.api.schema import schema

SCHEMA: GraphQLSchema = schema._schema

SECRET_INPUTS = frozenset({"password", "currentPassword", "newPassword", "refreshToken", "code", "token"})
SECRET_OUTPUTS = frozenset({"accessToken", "refreshToken", "number", "securityCode", "csvUrl", "url"})
"""`csvUrl` contains a signature: anyone who has the link can read the statement while it is valid. `url` is a
provider's page: anyone who has it can link a bank account to the wallet."""

PLAIN = frozenset(
    {
        *("id", "law", "problem", "brand", "label", "last4", "name", "email", "phone", "username", "userAgent"),
        *(
            "bankName",
            "description",
            "cursor",
            "endCursor",
            "startCursor",
            "after",
            "before",
            "freezeReason",
            "reason",
        ),
        *("message", "path", "minorUnits", "operator", "avatarUrl", "environmentValue", "value", "month", "timeZone"),
        *("merchant", "title", "status", "to", "from", "customer", "wallet", "find", "of", "text", "login", "among"),
        *("counterparty", "search", "idempotencyKey", "fileName", "reference", "closedBy", "bookedOn"),
    }
)
"""Strings that are not secret: they may be personal data, but nobody can sign in or pay with them. An idempotency key
is none either: it is looked up only within the wallet of the signed-in customer who used it."""


def inputs() -> Iterator[tuple[str, str]]:
    """Every argument and input field that is a string: its place and its name."""
    for name, type_ in SCHEMA.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(type_, GraphQLInputObjectType):
            for one, field in type_.fields.items():
                if get_named_type(field.type).name == "String":
                    yield name, one
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for place, output in type_.fields.items():
                for one, argument in output.args.items():
                    if get_named_type(argument.type).name == "String":
                        yield f"{name}.{place}", one


def outputs() -> Iterator[tuple[str, str]]:
    """Every field that is a string: its type and its name."""
    for name, type_ in SCHEMA.type_map.items():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            for one, field in type_.fields.items():
                if get_named_type(field.type).name == "String":
                    yield name, one


def secret_verbs() -> set[str]:
    """The mutations that take or return a secret, and the fields that return one."""
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    found = set()
    for name, field in mutation.fields.items():
        taken = set(field.args)
        for argument in field.args.values():
            taken |= set(getattr(get_named_type(argument.type), "fields", {}))
        returned = set(getattr(get_named_type(field.type), "fields", {}))
        if taken & SECRET_INPUTS or returned & (SECRET_OUTPUTS | {"tokens"}):
            found.add(name)
    return found
