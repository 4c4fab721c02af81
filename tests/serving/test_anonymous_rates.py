"""The rate of requests without a valid token from one address, with POST, with GET and by websocket."""

from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests import people
from tests.clients import Client, listening, serving
from tests.conftest import Dsns
from tests.serving.test_sockets import acknowledged, connected, receive, send, subscribe

ONE = {"anonymous_rate_per_second": 1}
"""One request a second, with a burst of two."""

ASK: dict[str, Any] = {"json": {"query": "{ __typename }"}}


def refused(response: httpx.Response) -> bool:
    if response.status_code != 429:
        return False
    assert response.headers["retry-after"] == "1"
    assert response.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    return True


def client_at(client: Client, address: str) -> httpx.AsyncClient:
    """A client with another network address."""
    transport = httpx.ASGITransport(client.app, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://here")


async def test_the_anonymous_rate_does_not_limit_a_signed_in_user_at_the_same_address(
    database_dsn: Dsns,
) -> None:
    async with serving(database_dsn.server, **ONE) as client:
        ada = await client.sign_up("ada")
        answers = [await client.http.post("/graphql", **ASK) for _ in range(3)]
        assert [refused(answer) for answer in answers] == [False, False, True]
        for _ in range(5):
            assert (await client.http.post("/graphql", headers=ada.bearer, **ASK)).status_code == 200


async def test_an_invalid_token_counts_as_anonymous(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, **ONE) as client:
        bad = {"Authorization": "Bearer nonsense"}
        answers = [await client.http.post("/graphql", headers=bad, **ASK) for _ in range(3)]
        assert [refused(answer) for answer in answers] == [False, False, True]


async def test_requests_are_counted_before_their_body_is_parsed(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, **ONE) as client:
        odd: dict[str, Any] = {"content": b"{" * 1_000, "headers": {"content-type": "application/json"}}
        statuses = [(await client.http.post("/graphql", **odd)).status_code for _ in range(3)]
        assert statuses == [400, 400, 429]


async def test_get_requests_count_toward_the_anonymous_rate(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, **ONE) as client:
        answers = [await client.http.get("/graphql", params={"query": "{ __typename }"}) for _ in range(3)]
        assert [refused(answer) for answer in answers] == [False, False, True]


async def test_an_ipv6_network_of_64_bits_counts_as_one_address(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, **ONE) as client:
        answers = []
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8:0:1::1"):
            async with client_at(client, address) as http:
                answers.append(refused(await http.post("/graphql", **ASK)))
        assert answers == [False, False, True, False]


async def test_websocket_upgrades_count_toward_the_anonymous_rate(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, **ONE) as client, listening(client) as server:
        async with connected(server), connected(server):
            with pytest.raises(InvalidStatus) as raised:
                async with connected(server):
                    pass
        response = raised.value.response
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")
        assert b"RATE_LIMITED" in (response.body or b"")


async def test_operations_on_an_anonymous_socket_count_toward_the_anonymous_rate(database_dsn: Dsns) -> None:
    async with (
        serving(database_dsn.server, **ONE) as client,
        listening(client) as server,
        acknowledged(server) as socket,
    ):
        for id in ("1", "2", "3"):
            await send(socket, subscribe("{ __typename }", id))
        messages = [await receive(socket) for _ in range(4)]
        errors = [message["payload"][0] for message in messages if message["type"] == "error"]
        assert errors[0]["extensions"]["code"] == "RATE_LIMITED"


async def test_only_production_has_an_anonymous_rate_by_default(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, environment="production") as production:
        answers = [await production.http.post("/graphql", **ASK) for _ in range(200)]
        assert any(refused(answer) for answer in answers)
    async with serving(database_dsn.server) as development:
        assert development.app.state.server_context.anonymous_rates is None
    assert people.made().anonymous_rate_per_second is None
