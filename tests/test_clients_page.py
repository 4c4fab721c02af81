"""docs/clients.md matches the code: its tables are generated from the schema and from the classes of refusals.

To generate them: WRITE_CLIENTS=1 python -m pytest tests/test_clients_page.py
"""

import json
import os
import re
from pathlib import Path

import pytest
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_schema

from pocketpay.api import since
from pocketpay.api.error_code import ErrorCode
from pocketpay.api.errors import TABLE, UserError
from pocketpay.identity.refresh_session import GRACE
from pocketpay.identity.services import IDLE
from pocketpay.payments.parsing import KEY_LENGTH
from pocketpay.serving import documents, failures, http, limits, reading, sockets, variables
from pocketpay.settings import Settings
from tests.people import made

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "docs" / "clients.md"
SCHEMA = build_schema((CHECKOUT / "schema.graphql").read_text(encoding="utf-8"))


def text() -> str:
    return PAGE.read_text(encoding="utf-8")


# ------------------------------------------------------------ generated parts


def table(*rows: tuple[str, ...]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (rows[0], ("---",) * len(rows[0]), *rows[1:]))


def codes() -> str:
    """Returns the table of all codes of a payload's errors."""
    described = {value.name: value for value in ErrorCode}
    descriptions = SCHEMA.type_map["ErrorCode"].values  # type: ignore[attr-defined]  # an enum
    rows = [(f"`{name}`", _retryable(name), descriptions[name].description + _facts(name)) for name in described]
    return table(("code", "retryable", "meaning"), *rows)


def _retryable(code: str) -> str:
    said = {row.retryable for refusal, row in TABLE.items() if refusal.code == code}
    assert said, f"no refusal has the code {code}"
    return "depends" if len(said) > 1 else "yes" if said.pop() else "no"


def _facts(code: str) -> str:
    """Returns the additional fields of the type of those errors."""
    kinds = {row.kind for refusal, row in TABLE.items() if refusal.code == code}
    common = set(_object("UserError").fields)
    found = [
        f"`{kind.__name__}` has {', '.join(f'`{name}`' for name in more)}."
        for kind in kinds
        if (more := [name for name in _object(kind.__name__).fields if name not in common])
    ]
    return "".join(f" {fields}" for fields in found)


def _object(name: str) -> GraphQLObjectType | GraphQLInterfaceType:
    found = SCHEMA.type_map[name]
    assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
    return found


def mutations() -> str:
    """Returns the table of the codes of each mutation, from its description."""
    alike: dict[str, list[str]] = {}
    for name, field in _mutations(SCHEMA).items():
        alike.setdefault(_codes_of(field), []).append(f"`{name}`")
    return table(("mutation", "codes"), *((", ".join(names), codes) for codes, names in alike.items()))


def _mutations(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    assert schema.mutation_type is not None
    fields = {name: field for name, field in schema.mutation_type.fields.items() if name != "operations"}
    operators = {f"operations.{name}": field for name, field in _object("OperationsMutations").fields.items()}
    return fields | operators


def _codes_of(field: GraphQLField) -> str:
    refusals = (field.description or "").partition("Refusals")[2]
    named = [word for word in re.findall(r"\b[A-Z_]{5,}\b", refusals) if word in ErrorCode.__members__]
    return ", ".join(f"`{code}`" for code in dict.fromkeys(named)) or "none"


def possible_types() -> str:
    """Returns the possible types of interfaces, for a normalised cache."""
    interfaces = [type_ for type_ in SCHEMA.type_map.values() if isinstance(type_, GraphQLInterfaceType)]
    types = {one.name: sorted(each.name for each in SCHEMA.get_possible_types(one)) for one in interfaces}
    lines = ",\n".join(f'  "{name}": {json.dumps(of)}' for name, of in types.items())
    return f"```json\n{{\n{lines}\n}}\n```"


MADE = {"codes": codes, "mutations": mutations, "possible types": possible_types}


@pytest.mark.parametrize("name", MADE)
def test_the_generated_parts_of_the_page_match_the_code(name: str) -> None:
    """Run it with WRITE_CLIENTS=1 to write the current text, and review the diff."""
    begin, end = f"<!-- made from the code: {name} -->\n", "<!-- end -->"
    before, found, rest = text().partition(begin)
    assert found, f"the page has no marker for {name}"
    made, found, after = rest.partition(end)
    assert found, f"the marker for {name} has no end"
    if os.environ.get("WRITE_CLIENTS"):
        PAGE.write_text(f"{before}{begin}{MADE[name]()}\n{end}{after}", encoding="utf-8")
        return
    assert made == MADE[name]() + "\n"


# ------------------------------------------------------------ written parts


def section(title: str) -> str:
    found = text().partition(f"\n## {title}\n")[2]
    assert found, f"no section {title}"
    return found.partition("\n## ")[0]


def first_column(title: str) -> list[str]:
    return re.findall(r"^\| `([A-Z_]+|\d{4})`", section(title), re.MULTILINE)


def test_every_top_level_error_code_is_on_the_page() -> None:
    told = re.findall(r"^ {4}([A-Z_]{4,}) ", failures.__doc__ or "", re.MULTILINE)
    assert len(told) >= 9
    assert sorted(first_column("Errors of a request")) == sorted(told)


def test_every_close_code_of_the_server_is_on_the_page() -> None:
    ours = set(re.findall(r"^ {4}(\d{4}) ", sockets.__doc__ or "", re.MULTILINE)) | {"1012"}
    assert len(ours) >= 8
    assert ours <= set(first_column("Live updates"))


def test_the_example_client_does_not_reconnect_after_the_final_close_codes() -> None:
    rows = re.findall(
        r"^\| `(\d{4})` \|.*\| (do not reconnect|reconnect|refresh)[^|]*\|$", section("Live updates"), re.MULTILINE
    )
    assert len(rows) == len(first_column("Live updates"))
    (named,) = re.findall(
        r"DO_NOT_RECONNECT = \[(.*?)\]", (CHECKOUT / "examples" / "pocketpay.js").read_text(encoding="utf-8")
    )
    assert sorted(named.split(", ")) == sorted(code for code, what in rows if what == "do not reconnect")


def test_limits_on_the_page_match_the_settings() -> None:
    settings, said = made(), section("Limits")
    for number in (
        *(settings.document_tokens, reading.ANONYMOUS_TOKENS, settings.document_depth, settings.document_aliases),
        *(settings.document_fields, settings.document_cost, limits.MAX_PAGES, settings.root_mutations),
        *(documents.MAX_DEFINITIONS, settings.document_tokens * reading.CHARACTERS_PER_TOKEN, settings.body_bytes),
        *(
            settings.socket_subscriptions,
            settings.sockets_per_user,
            http.ANONYMOUS_BYTES,
            sockets.MAX_WAITING_QUERIES,
            variables.MAX_VALUES,
        ),
        *(*reading.BATCH, *reading.REST),
    ):
        assert re.search(rf"\b{number:,}\b", said), number
    assert f"{KEY_LENGTH[0]} to {KEY_LENGTH[1]} characters" in section("Idempotency keys")


def test_lifetimes_on_the_page_match_the_server() -> None:
    settings, said = made(), section("Sessions and tokens")
    for lifetime in (
        f"{settings.access_token_expire_minutes} minutes",
        f"{settings.refresh_token_expire_days} days",
        f"{IDLE.days} days",
        f"{GRACE.seconds} seconds",
    ):
        assert lifetime in said
    assert f"within {sockets.INIT_SECONDS:.0f} seconds" in section("Live updates")


def test_the_page_describes_since_as_the_server_implements_it() -> None:
    said = section("Live updates")
    assert f"{since.LOOK_BACK.seconds} seconds before `since`" in said
    assert f"more than {since.MAX_MISSED} objects changed" in said
    assert f"`{since.TOO_MANY_CHANGES}`" in said


def test_settings_named_on_the_page_exist() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text()))
    unknown = named - {name.upper() for name in Settings.model_fields} - set(ErrorCode.__members__)
    assert unknown - set(first_column("Errors of a request")) - {"PENDING_CONFIRMATION"} == set()


def test_types_without_an_identity_are_on_the_page() -> None:
    """A cache must not store them by `id`: they have none, or objects of the type share one."""
    common = {"UserError", *UserError.__subclasses__()}
    assert common  # refusals are types without an identity too
    said = section("Caching")
    for name in ("Money", "Limit", "AuditFinding", "Tokens"):
        assert f"`{name}`" in said
    objects = [one for one in SCHEMA.type_map.values() if isinstance(one, GraphQLObjectType)]
    with_id = {one.name for one in objects if "id" in one.fields}
    nodes = {one.name for one in objects if any(each.name == "Node" for each in one.interfaces)}
    for name in with_id - nodes:
        assert f"`{name}`" in said


def test_the_page_is_short_and_its_links_work() -> None:
    assert len(text().splitlines()) < 390
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text()):
        assert (PAGE.parent / link).exists(), link
    assert "docs/clients.md" in "".join((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()[:20])
