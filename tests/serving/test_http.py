"""GraphQL over HTTP: media types, status codes, limits of a request and headers."""

import asyncio
import contextlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.api.schema import schema
from pocketpay.serving import http
from pocketpay.serving.documents import Documents
from pocketpay.serving.http import HttpRefusal
from pocketpay.serving.limits import Limits
from tests.clients import Client, Listening, listening, serving
from tests.conftest import Dsns
from tests.people import made

NEW = "application/graphql-response+json"
OLD = "application/json"


@pytest.mark.parametrize(
    ("accept", "kind", "status"),
    [
        ("", OLD, 200),
        ("*/*", OLD, 200),
        (OLD, OLD, 200),
        (NEW, NEW, 400),
        (f"{NEW}, {OLD};q=0.9", NEW, 400),
        (f"{OLD}, {NEW}", NEW, 400),
        (f"{OLD}, {NEW};q=0.5", OLD, 200),
        (f"{NEW};q=0, {OLD}", OLD, 200),
        (f"text/html, {OLD};charset=utf-8", OLD, 200),
    ],
)
async def test_the_status_of_a_refused_document_depends_on_the_media_type(
    client: Client, accept: str, kind: str, status: int
) -> None:
    response = await client.http.post("/graphql", json={"query": "{ nothing }"}, headers={"accept": accept})
    assert response.status_code == status
    assert response.headers["content-type"] == f"{kind}; charset=utf-8"
    assert "data" not in response.json()
    good = await client.http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": accept})
    assert good.status_code == 200
    assert good.json() == {"data": {"__typename": "Query"}}


async def test_a_field_error_is_answered_with_200_and_data(client: Client) -> None:
    for query in ("{ viewer { id } }", "{ riskPolicy { newRecipient } }"):
        response = await client.http.post("/graphql", json={"query": query}, headers={"accept": NEW})
        assert response.status_code == 200
        assert "data" in response.json()


async def test_only_json_is_accepted_and_returned(client: Client) -> None:
    ask = b'{"query": "{ __typename }"}'
    for content_type in (
        "",
        "text/plain",
        "text/application/json",
        "application/graphql",
        "application/json;charset=latin-1",
    ):
        response = await client.http.post("/graphql", content=ask, headers={"content-type": content_type})
        assert response.status_code == 415, content_type
    response = await client.http.post(
        "/graphql", content=ask, headers={"content-type": OLD, "content-encoding": "gzip"}
    )
    assert response.status_code == 415
    response = await client.http.post("/graphql", content=ask, headers={"content-type": OLD, "accept": "image/png"})
    assert response.status_code == 406
    assert response.json()["errors"]


async def test_get_accepts_queries_and_refuses_mutations(client: Client) -> None:
    response = await client.http.get("/graphql", params={"query": "{ __typename }"})
    assert response.json() == {"data": {"__typename": "Query"}}
    variables = {"query": "query ($b: Boolean!) { __typename @skip(if: $b) }", "variables": '{"b": true}'}
    assert (await client.http.get("/graphql", params=variables)).json() == {"data": {}}
    response = await client.http.get(
        "/graphql", params={"query": 'mutation { cancelTransfer(id: "x") { replayed } }'}
    )
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    response = await client.http.get("/graphql", params={"query": "{ __typename }", "variables": "{"})
    assert response.status_code == 400


async def test_an_anonymous_document_has_a_lower_limit_with_post_and_with_get(client: Client) -> None:
    ada = await client.sign_up()
    fields = " ".join(f"a{n}: __typename @include(if: true) @skip(if: false)" for n in range(30))
    long = {"query": f"{{ viewer {{ id }} {fields} }}"}
    for response in (
        await client.http.post("/graphql", json=long),
        await client.http.get("/graphql", params=long),
    ):
        assert response.json()["errors"][0]["extensions"] == {"code": "QUERY_TOO_COMPLEX"}
    for response in (
        await client.http.post("/graphql", json=long, headers=ada.bearer),
        await client.http.get("/graphql", params=long, headers=ada.bearer),
    ):
        assert response.json()["data"]["viewer"]["id"]


async def test_other_methods_are_answered_with_405(client: Client) -> None:
    for method in ("PUT", "DELETE", "PATCH", "HEAD"):
        response = await client.http.request(method, "/graphql")
        assert response.status_code == 405, method
        assert response.headers["allow"] == "GET, POST"


async def test_every_answer_has_the_security_headers_and_its_request_id(client: Client) -> None:
    own = {"x-request-id": "mine-12345678"}
    for response in (
        await client.http.post("/graphql", json={"query": "{ __typename }"}, headers=own),
        await client.http.post("/graphql", content=b"{", headers={**own, "content-type": OLD}),
        await client.http.get("/graphql", params={"query": "{ __typename }"}, headers=own),
        await client.http.get("/healthz", headers=own),
        await client.http.get("/nowhere", headers=own),
    ):
        assert response.headers["x-request-id"] == "mine-12345678"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    odd = await client.http.get("/healthz", headers={"x-request-id": "<script>alert(1)</script>"})
    assert "script" not in odd.headers["x-request-id"]


async def test_a_body_that_is_too_large_is_413_with_or_without_a_content_length(
    client: Client, server: Listening
) -> None:
    big = b'{"query": "{ __typename }", "x": "' + b"y" * 65_536 + b'"}'
    response = await client.http.post("/graphql", content=big, headers={"content-type": OLD})
    assert response.status_code == 413
    chunked = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part) for part in (big[n : n + 8_192] for n in range(0, len(big), 8_192))
    )
    head = _head(b"transfer-encoding: chunked")
    assert (await _raw(server.port, head + chunked + b"0\r\n\r\n")).startswith(b"HTTP/1.1 413")


async def test_a_signed_in_user_can_send_a_longer_body_than_an_anonymous_client(
    client: Client, server: Listening
) -> None:
    ada = await client.sign_up()
    length = client.services.settings.body_bytes

    def body(length: int) -> bytes:
        return b'{"query": "{ viewer { id } }", "x": "' + b"y" * (length - 39) + b'"}'

    async def status(length: int, headers: dict[str, str]) -> int:
        sent = {"content-type": OLD, **headers}
        return (await client.http.post("/graphql", content=body(length), headers=sent)).status_code

    assert len(body(length)) == length
    assert await status(length, ada.bearer) == 200
    assert await status(length + 1, ada.bearer) == 413
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        assert await status(http.ANONYMOUS_BYTES, headers) == 200
        assert await status(http.ANONYMOUS_BYTES + 1, headers) == 413
    chunk = body(length)
    for bearer, answer in ((ada.bearer, b"HTTP/1.1 200"), ({}, b"HTTP/1.1 413")):
        head = _head(b"transfer-encoding: chunked", b"connection: close", *_lines(bearer))
        sent = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(chunk), chunk)
        assert (await _raw(server.port, sent)).startswith(answer)


def _lines(headers: dict[str, str]) -> list[bytes]:
    return [f"{name}: {value}".encode() for name, value in headers.items()]


async def test_a_body_that_does_not_arrive_in_time_is_408_and_the_connection_ends(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, body_seconds=0.1) as client, listening(client) as server:
        answer = await _raw(server.port, _head(b"content-length: 30") + b'{"query"')
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in answer.lower()


async def test_a_user_who_sends_too_many_requests_is_rate_limited(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, request_rate_per_second=1) as client:
        ada, bob = await client.sign_up("ada"), await client.sign_up("bob")
        asks: dict[str, Any] = {"json": {"query": "{ __typename }"}}
        for _ in range(2):
            assert (await client.http.post("/graphql", headers=ada.bearer, **asks)).status_code == 200
        refused = await client.http.post("/graphql", headers=ada.bearer, **asks)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert (await client.http.post("/graphql", headers=bob.bearer, **asks)).status_code == 200
        assert (await client.http.post("/graphql", **asks)).status_code == 200


async def test_production_serves_no_schema_and_no_explorer(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, environment="production") as client:
        for query in ("{ __schema { types { name } } }", '{ __type(name: "Wallet") { name } }'):
            answer = await client.post(query)
            assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        hint = await client.post("{ viewr { id } }")
        assert "Did you mean" not in str(hint)
        page = await client.http.get("/graphql", headers={"accept": "text/html"})
        assert page.status_code == 406
        for path in ("/schema.graphql", "/explorer/assets/x.js"):
            assert (await client.http.get(path)).status_code == 404


async def test_development_serves_the_explorer_and_suggests_names(client: Client) -> None:
    page = await client.http.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "Did you mean" in str(await client.post("{ viewr { id } }"))


async def test_only_allowed_origins_get_cors_headers(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, allowed_origins="https://app.example") as client:
        asks: dict[str, Any] = {"json": {"query": "{ __typename }"}}
        good = await client.http.post("/graphql", headers={"origin": "https://app.example"}, **asks)
        assert good.headers["access-control-allow-origin"] == "https://app.example"
        bad = await client.http.post("/graphql", headers={"origin": "https://evil.example"}, **asks)
        assert "access-control-allow-origin" not in bad.headers
        preflight = {"origin": "https://app.example", "access-control-request-method": "POST"}
        assert (await client.http.options("/graphql", headers=preflight)).status_code == 200


SIGN_IN = 'mutation { signIn(input: {login: "nobody", password: "not a password"}) { errors { code } } }'


@pytest.mark.parametrize(("proxies", "limited"), [("192.0.2.0/24", False), ("198.51.100.7", True), ("", True)])
async def test_the_forwarded_address_counts_only_from_a_trusted_proxy(
    database_dsn: Dsns, proxies: str, limited: bool
) -> None:
    """Two clients behind one proxy share the rate of its address only when the proxy is not trusted."""
    async with serving(database_dsn.server, trusted_proxies=proxies, sign_in_rate_per_minute=1) as client:
        codes = []
        for address in ("203.0.113.1", "203.0.113.2"):
            body, headers = {"query": SIGN_IN}, {"x-forwarded-for": address}
            answer = (await client.http.post("/graphql", json=body, headers=headers)).json()
            codes.append(answer["data"]["signIn"]["errors"][0]["code"])
        assert codes == ["INVALID_CREDENTIALS", "RATE_LIMITED" if limited else "INVALID_CREDENTIALS"]


async def test_metrics_in_production_require_the_metrics_token(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, environment="production") as closed:
        assert (await closed.http.get("/metrics")).status_code == 404
    async with serving(database_dsn.server, environment="production", metrics_token="figures please") as client:
        for shown in ({}, {"authorization": "Bearer figures"}, {"authorization": "figures please"}):
            assert (await client.http.get("/metrics", headers=shown)).status_code == 401
        metrics = await client.http.get("/metrics", headers={"authorization": "Bearer figures please"})
        assert "pocketpay_clearing_waiting" in metrics.text


async def test_development_serves_health_readiness_metrics_and_the_schema(client: Client) -> None:
    assert (await client.http.get("/healthz")).text == "ok"
    ready = await client.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"server": "ok", "database": "ok", "revision": "ok", "listener": "ok", "clock": "ok"},
    )
    await client.post("{ __typename }")
    counted = (await client.http.get("/metrics")).text
    assert 'pocketpay_operations_total{code="",operation="other",outcome="ok",type="query"} 1.0' in counted
    assert "pocketpay_clearing_waiting 0.0" in counted
    assert "pocketpay_clearing_units_total 0.0" in counted
    assert "pocketpay_clearing_ahead_total 0.0" in counted
    assert "type Query {" in (await client.http.get("/schema.graphql")).text


async def test_a_client_that_disconnects_while_it_sends_a_body_does_not_disturb_the_server(server: Listening) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(_head(b"content-length: 30") + b'{"query"')
    await writer.drain()
    writer.close()
    assert (await server.client.http.get("/healthz")).status_code == 200
    del reader


def _head(*more: bytes) -> bytes:
    lines = [b"POST /graphql HTTP/1.1", b"host: here", b"content-type: application/json", *more]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _raw(port: int, sent: bytes) -> bytes:
    """The bytes that the server sends until it closes the connection or nothing arrives for three seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    answer = b""
    try:
        async with asyncio.timeout(3):
            while part := await reader.read(65_536):
                answer += part
    except (TimeoutError, ConnectionResetError):
        pass
    writer.close()
    return answer


async def test_an_unexpected_exception_is_answered_as_json_without_its_message(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*asked: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(client.app.state.server_context.execution, "answer", broken)
    transport = httpx.ASGITransport(client.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as careless:
        response = await careless.post("/graphql", json={"query": "{ __typename }"})
    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "hunter2" not in response.text


@given(st.binary(max_size=300))
def test_any_body_is_parsed_or_refused(raw: bytes) -> None:
    with contextlib.suppress(HttpRefusal):
        http.parse_body(raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "zero-length"),
        (b'{"query": "{', "unexpected end of data"),
        (b'{"query": "\\ud83d"}', "no low surrogate in string: line 1"),  # half an emoji, of a cut string
    ],
)
def test_a_body_that_is_not_json_is_refused_with_the_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(HttpRefusal, match=f"The body is not JSON: .*{reason}"):
        http.parse_body(raw)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from(["query", "variables", "operationName", "extensions", "x"]), JSON_VALUES))
def test_any_json_object_is_a_request_or_refused(members: dict[str, Any]) -> None:
    with contextlib.suppress(HttpRefusal):
        asked = http.parse_members(members)
        assert isinstance(asked.query, str)
        assert asked.query


@given(st.text(max_size=200))
def test_any_document_text_is_prepared_or_refused_with_an_error_code(text: str) -> None:
    documents = Documents(schema._schema, Limits.of(made()), introspection=True)
    for error in documents.prepared(text).errors:
        assert error.extensions
        assert error.extensions["code"] in ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COMPLEX")
