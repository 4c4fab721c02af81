"""The schema: its descriptions, and its text in schema.graphql."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import build_schema

from pocketpay.api.schema import schema, sdl

BUILT_IN = ("__", "String", "Int", "Float", "Boolean", "ID")


def _described() -> Iterator[tuple[str, str | None]]:
    """The coordinate and the description of every type, field, argument and enum value."""
    for name, type_ in schema._schema.type_map.items():
        if name.startswith(BUILT_IN):
            continue
        yield name, type_.description
        kind: Any = type_
        for field_name, field in getattr(kind, "fields", {}).items():
            yield f"{name}.{field_name}", field.description
            for argument_name, argument in getattr(field, "args", {}).items():
                yield f"{name}.{field_name}({argument_name}:)", argument.description
        for value_name, value in getattr(kind, "values", {}).items():
            yield f"{name}.{value_name}", value.description


def test_everything_in_the_schema_has_a_description() -> None:
    assert [name for name, description in _described() if not description] == []


def test_the_printed_schema_is_valid_and_always_the_same() -> None:
    assert sdl() == sdl()
    assert build_schema(sdl()).query_type is not None


def test_custom_scalars_have_a_specified_by_url() -> None:
    for name in ("Amount", "CurrencyCode", "DateTime"):
        scalar: Any = schema._schema.type_map[name]
        assert scalar.specified_by_url.startswith("https://")


def test_optional_arguments_have_no_null_default() -> None:
    assert "= null" not in sdl()


def test_schema_graphql_is_up_to_date() -> None:
    committed = Path(__file__).parents[2] / "schema.graphql"
    assert committed.read_text() == sdl(), "run `make schema`"
