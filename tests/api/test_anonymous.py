"""Without a session only the fields for signing in and for the sign-up form work."""

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from pocketpay.api.schema import schema
from tests.clients import Client

LET_IN = {"signUp", "signIn", "refreshSession", "requestPasswordReset", "resetPassword"}
FOR_SIGNING_UP = {"currencies", "usernameAvailable"}

WORDS = {"Amount": '"1.00"', "Int": "1", "Boolean": "true", "DateTime": '"2026-11-22T18:30:00Z"'}
"""A literal of each scalar that is not a string."""


async def test_every_field_except_those_for_signing_in_requires_a_session(client: Client) -> None:
    ada = await client.sign_up("ada")
    known = (await client.data('{ profile(username: "ada") { id } }', by=ada))["profile"]["id"]
    types = {"query": schema._schema.query_type, "mutation": schema._schema.mutation_type}
    checked = 0
    for kind, type_ in types.items():
        assert isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items():
            if name in LET_IN | FOR_SIGNING_UP:
                continue
            answer = await client.post(f"{kind} {{ {_selection(name, field, known)} }}")
            assert (answer["data"] or {}).get(name) is None, name
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"], name
            checked += 1
    assert checked > 15


def _selection(name: str, field: GraphQLField, id: str) -> str:
    arguments = ", ".join(
        f"{word}: {_value(argument.type, id)}"
        for word, argument in field.args.items()
        if is_required_argument(argument)
    )
    selection = "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""
    return f"{name}{f'({arguments})' if arguments else ''} {selection}"


def _value(type_: GraphQLInputType, id: str) -> str:
    wanted = get_nullable_type(type_)
    if is_list_type(wanted):
        return f"[{_value(wanted.of_type, id)}]"
    if isinstance(wanted, GraphQLEnumType):
        return str(next(iter(wanted.values)))
    if isinstance(wanted, GraphQLInputObjectType):
        fields = wanted.fields.items()
        return f"{{{', '.join(f'{w}: {_value(f.type, id)}' for w, f in fields if is_required_input_field(f))}}}"
    return WORDS.get(get_named_type(type_).name, f'"{id}"')
