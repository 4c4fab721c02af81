"""Trusted documents: requests with a document id, and servers that execute no other documents."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pocketpay.serving import trusted
from pocketpay.settings import SettingsError
from tests.clients import Client, Person, listening, serving
from tests.conftest import Dsns
from tests.serving.test_sockets import acknowledged, receive, send

ME = "query Me { viewer { username } }"
NODE = "query Node($id: ID!) { node(id: $id) { id } }"
CANCEL = 'mutation { cancelTransfer(id: "x") { errors { code } } }'
OTHER = "{ __typename }"

RELAY = {"me": ME, "node": NODE, "cancel": CANCEL}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": id_, "name": "X", "type": "query", "body": text} for id_, text in RELAY.items()],
}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def by_hash(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}}


@asynccontextmanager
async def trusting(dsn: str, folder: Path, manifest: object = RELAY, **settings: Any) -> AsyncIterator[Client]:
    """A server with a manifest of trusted documents."""
    file = folder / "documents.json"
    file.write_text(json.dumps(manifest), encoding="utf-8")
    async with serving(dsn, trusted_documents=file, **settings) as client:
        yield client


async def answer_to(client: Client, body: dict[str, Any], by: Person | None = None, *, method: str = "POST") -> Any:
    fields = body if method == "POST" else {n: json.dumps(v) if isinstance(v, dict) else v for n, v in body.items()}
    sent: dict[str, Any] = {"json" if method == "POST" else "params": fields}
    return (await client.http.request(method, "/graphql", headers=by.bearer if by else {}, **sent)).json()


def code(answer: Any) -> str:
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("mode", ["allow", "only"])
@pytest.mark.parametrize("manifest", [RELAY, APOLLO], ids=["Relay", "Apollo"])
async def test_a_trusted_document_is_executed_by_its_id_or_its_hash(
    database_dsn: Dsns, tmp_path: Path, manifest: object, mode: str, method: str
) -> None:
    async with trusting(database_dsn.server, tmp_path, manifest, trusted_documents_mode=mode) as client:
        ada = await client.sign_up("ada")
        for name in (
            {"documentId": "me"},
            {"documentId": digest(ME)},
            {"documentId": f"sha256:{digest(ME)}"},
            by_hash(ME),
            {"query": ME},
        ):
            answer = await answer_to(client, name, ada, method=method)
            assert answer == {"data": {"viewer": {"username": "ada"}}}, name
        answer = await answer_to(client, {"documentId": "node", "variables": {"id": "x"}}, ada, method=method)
        assert answer == {"data": {"node": None}}


async def test_trusted_documents_mode_only_refuses_every_untrusted_document(
    database_dsn: Dsns, tmp_path: Path
) -> None:
    async with trusting(database_dsn.server, tmp_path, trusted_documents_mode="only") as client:
        ada = await client.sign_up("ada")
        for by in (ada, None):
            for text in (OTHER, ME + " ", "{", ""):
                for method in ("POST", "GET"):
                    answer = await answer_to(client, {"query": text}, by, method=method)
                    assert code(answer) == ("DOCUMENT_NOT_TRUSTED" if text else "BAD_USER_INPUT")
        assert await answer_to(client, {"documentId": "me"}, ada) == {"data": {"viewer": {"username": "ada"}}}
        refused = await client.http.get("/graphql", params={"documentId": "cancel"}, headers=ada.bearer)
        assert refused.status_code == 405, "GET refuses a mutation with a document id too"


async def test_trusted_documents_mode_allow_executes_untrusted_documents_too(
    database_dsn: Dsns, tmp_path: Path
) -> None:
    async with trusting(database_dsn.server, tmp_path) as client:
        assert await answer_to(client, {"query": OTHER}) == {"data": {"__typename": "Query"}}


async def test_trusted_documents_mode_off_does_not_read_the_manifest(database_dsn: Dsns, tmp_path: Path) -> None:
    async with trusting(database_dsn.server, tmp_path, "odd", trusted_documents_mode="off") as client:
        assert code(await answer_to(client, {"documentId": "me"})) == "DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_query_hash_alone_is_refused_with_the_message_that_apollo_expects(
    client: Client, method: str
) -> None:
    """Apollo Client and urql then send the text, and no longer the hash."""
    answer = await answer_to(client, by_hash(OTHER), method=method)
    assert answer == {
        "errors": [{"message": "PersistedQueryNotSupported", "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}}]
    }
    answer = await answer_to(client, {"query": OTHER, **by_hash(OTHER)}, method=method)
    assert answer == {"data": {"__typename": "Query"}}


async def test_a_query_hash_alone_is_answered_with_status_200(client: Client) -> None:
    for accept in ("application/json", "application/graphql-response+json"):
        response = await client.http.post("/graphql", json=by_hash(OTHER), headers={"accept": accept})
        assert response.status_code == 200


async def test_an_unknown_document_id_is_not_found(client: Client) -> None:
    response = await client.http.post("/graphql", json={"documentId": "me"})
    assert (response.status_code, code(response.json())) == (400, "DOCUMENT_NOT_FOUND")


@pytest.mark.parametrize("body", [{"documentId": 5}, {"extensions": {"persistedQuery": 5}}, {"documentId": None}])
async def test_an_invalid_document_id_counts_as_a_missing_query(client: Client, body: dict[str, Any]) -> None:
    response = await client.http.post("/graphql", json=body)
    assert (response.status_code, code(response.json())) == (400, "BAD_USER_INPUT")


async def test_a_websocket_accepts_document_ids_too(database_dsn: Dsns, tmp_path: Path) -> None:
    async with (
        trusting(database_dsn.server, tmp_path, trusted_documents_mode="only") as client,
        listening(client) as server,
        acknowledged(server, by=await client.sign_up("ada")) as socket,
    ):
        await send(socket, {"type": "subscribe", "id": "1", "payload": {"documentId": "me"}})
        assert (await receive(socket))["payload"] == {"data": {"viewer": {"username": "ada"}}}
        assert (await receive(socket))["type"] == "complete"
        for payload, expected in (
            ({"query": OTHER}, "DOCUMENT_NOT_TRUSTED"),
            ({"documentId": "none"}, "DOCUMENT_NOT_FOUND"),
            (by_hash(OTHER), "PERSISTED_QUERY_NOT_SUPPORTED"),
        ):
            await send(socket, {"type": "subscribe", "id": "1", "payload": payload})
            refused = await receive(socket)
            assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", expected)


async def test_trusted_documents_are_prepared_at_startup(
    database_dsn: Dsns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trusting(database_dsn.server, tmp_path) as client:
        documents = client.app.state.server_context.execution.documents
        monkeypatch.setattr(documents, "_prepare", None)
        assert code(await answer_to(client, {"documentId": "me"})) == "UNAUTHENTICATED"
        for text in RELAY.values():
            assert documents.cached(text, anonymous=True).errors == []


async def test_a_trusted_document_that_does_not_fit_the_schema_is_logged_and_refused(
    database_dsn: Dsns, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = {"old": "{ gone }", "me": ME}
    async with trusting(database_dsn.server, tmp_path, manifest, environment="production") as client:
        assert code(await answer_to(client, {"documentId": "old"})) == "GRAPHQL_VALIDATION_FAILED"
        assert code(await answer_to(client, {"documentId": "me"})) == "UNAUTHENTICATED"
    (line,) = (record.msg for record in caplog.records if "trusted_document_refused" in str(record.msg))
    assert isinstance(line, dict)
    assert (line["name"], line["reason"]) == ("old", "Cannot query field 'gone' on type 'Query'.")


@pytest.mark.parametrize(
    "manifest",
    [
        *("[]", "{}", '"x"', "5", '{"a": 5}', '{"": "{ a }"}', '{"a": ""}', '{"operations": []}', "{"),
        '{"operations": [{"id": "a"}]}',
        '{"operations": [5]}',
        '{"operations": [{"id": "a", "body": "{ a }"}, {"id": "a", "body": "{ b }"}]}',
        "\udcff",
    ],
)
def test_an_invalid_manifest_of_trusted_documents_is_a_settings_error(tmp_path: Path, manifest: str) -> None:
    file = tmp_path / "documents.json"
    file.write_bytes(manifest.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError, match=r"^TRUSTED_DOCUMENTS: "):
        trusted.load(file)


def test_a_missing_manifest_of_trusted_documents_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory"):
        trusted.load(tmp_path / "none.json")
