"""The cost of a document in the extensions of its answer."""

from typing import Any

import pytest

from pocketpay.serving.documents import Documents
from tests.clients import Client, serving
from tests.conftest import Dsns

PAGE = "query ($n: Int) { a: transactions(first: $n) { nodes { amount { amount } } } }"
HEADER = "x-pocketpay-cost"


def costs(depth: int, aliases: int, fields: int, cost: int, pages: int) -> dict[str, Any]:
    return {
        "depth": {"value": depth, "limit": 10},
        "aliases": {"value": aliases, "limit": 30},
        "fields": {"value": fields, "limit": 500},
        "cost": {"value": cost, "limit": 2_000},
        "pages": {"value": pages, "limit": 60},
    }


async def shown(client: Client, body: dict[str, Any], header: str | None, *, method: str = "POST") -> Any:
    """The extensions of an answer, or None. `asked` is the value of the cost header, None to send no header."""
    sent: dict[str, Any] = {"json" if method == "POST" else "params": body}
    request = client.http.build_request(method, "/graphql", **sent)
    del request.headers[HEADER]
    if header is not None:
        request.headers[HEADER] = header
    return (await client.http.send(request)).json().get("extensions")


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_development_shows_the_cost_unless_the_header_turns_it_off(client: Client, method: str) -> None:
    text = {"query": "{ viewer { wallet { balance { amount } } } }"}
    assert await shown(client, text, None, method=method) == {"cost": costs(4, 0, 4, 3, 0)}
    assert await shown(client, text, "0", method=method) is None


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_production_shows_the_cost_only_with_the_header(database_dsn: Dsns, method: str) -> None:
    async with serving(database_dsn.server, environment="production") as client:
        text = {"query": "{ viewer { id } }"}
        assert await shown(client, text, None, method=method) is None
        assert await shown(client, text, "1", method=method) == {"cost": costs(2, 0, 2, 1, 0)}


async def test_the_cost_uses_the_page_sizes_of_the_request(client: Client) -> None:
    for variables, cost in (({"n": 3}, 1 + 3 * 2), ({"n": 100}, 1 + 100 * 2), ({}, 1 + 20 * 2)):
        body = {"query": PAGE, "variables": variables}
        assert await shown(client, body, "1") == {"cost": costs(4, 1, 4, cost, 1)}


async def test_the_cost_is_not_measured_when_it_is_not_shown(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(*_: object) -> Any:
        raise AssertionError("measured")

    await client.data("{ viewer { id } }", by=await client.sign_up())
    monkeypatch.setattr(Documents, "cost", measured)
    await client.data("{ viewer { id } }", by=await client.sign_up("bob"))


async def test_a_refused_document_shows_no_cost(client: Client) -> None:
    assert await shown(client, {"query": "{ nothing }"}, "1") is None
