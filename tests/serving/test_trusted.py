"""Trusted documents: requests that name a text, and servers that answer no other."""

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
from tests.serving.test_sockets import heard, opened, say

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
    """A server with that manifest."""
    file = folder / "documents.json"
    file.write_text(json.dumps(manifest), encoding="utf-8")
    async with serving(dsn, trusted_documents=file, **settings) as client:
        yield client


async def asked(client: Client, body: dict[str, Any], by: Person | None = None, *, method: str = "POST") -> Any:
    said = body if method == "POST" else {n: json.dumps(v) if isinstance(v, dict) else v for n, v in body.items()}
    sent: dict[str, Any] = {"json" if method == "POST" else "params": said}
    return (await client.http.request(method, "/graphql", headers=by.bearer if by else {}, **sent)).json()


def code(answer: Any) -> str:
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("mode", ["allow", "only"])
@pytest.mark.parametrize("manifest", [RELAY, APOLLO], ids=["Relay", "Apollo"])
async def test_document_is_answered_by_its_name(
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
            answer = await asked(client, name, ada, method=method)
            assert answer == {"data": {"viewer": {"username": "ada"}}}, name
        answer = await asked(client, {"documentId": "node", "variables": {"id": "x"}}, ada, method=method)
        assert answer == {"data": {"node": None}}


async def test_only_trusted_documents_are_answered_where_no_others_are(database_dsn: Dsns, tmp_path: Path) -> None:
    async with trusting(database_dsn.server, tmp_path, trusted_documents_mode="only") as client:
        ada = await client.sign_up("ada")
        for by in (ada, None):
            for text in (OTHER, ME + " ", "{", ""):
                for method in ("POST", "GET"):
                    answer = await asked(client, {"query": text}, by, method=method)
                    assert code(answer) == ("DOCUMENT_NOT_TRUSTED" if text else "BAD_USER_INPUT")
        assert await asked(client, {"documentId": "me"}, ada) == {"data": {"viewer": {"username": "ada"}}}
        refused = await client.http.get("/graphql", params={"documentId": "cancel"}, headers=ada.bearer)
        assert refused.status_code == 405, "a mutation is none by another name"


async def test_other_documents_are_answered_beside_trusted_ones(database_dsn: Dsns, tmp_path: Path) -> None:
    async with trusting(database_dsn.server, tmp_path) as client:
        assert await asked(client, {"query": OTHER}) == {"data": {"__typename": "Query"}}


async def test_manifest_is_not_read_when_it_is_off(database_dsn: Dsns, tmp_path: Path) -> None:
    async with trusting(database_dsn.server, tmp_path, "odd", trusted_documents_mode="off") as client:
        assert code(await asked(client, {"documentId": "me"})) == "DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_hash_alone_is_refused_in_the_words_of_apollo(client: Client, method: str) -> None:
    """Apollo Client and urql send the text then, and no hash again."""
    answer = await asked(client, by_hash(OTHER), method=method)
    assert answer == {
        "errors": [{"message": "PersistedQueryNotSupported", "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}}]
    }
    answer = await asked(client, {"query": OTHER, **by_hash(OTHER)}, method=method)
    assert answer == {"data": {"__typename": "Query"}}


async def test_hash_alone_has_the_status_that_clients_expect(client: Client) -> None:
    for accept in ("application/json", "application/graphql-response+json"):
        response = await client.http.post("/graphql", json=by_hash(OTHER), headers={"accept": accept})
        assert response.status_code == 200


async def test_id_that_nobody_knows_is_not_found(client: Client) -> None:
    response = await client.http.post("/graphql", json={"documentId": "me"})
    assert (response.status_code, code(response.json())) == (400, "DOCUMENT_NOT_FOUND")


@pytest.mark.parametrize("body", [{"documentId": 5}, {"extensions": {"persistedQuery": 5}}, {"documentId": None}])
async def test_odd_name_is_a_missing_text(client: Client, body: dict[str, Any]) -> None:
    response = await client.http.post("/graphql", json=body)
    assert (response.status_code, code(response.json())) == (400, "BAD_USER_INPUT")


async def test_websocket_takes_names_too(database_dsn: Dsns, tmp_path: Path) -> None:
    async with (
        trusting(database_dsn.server, tmp_path, trusted_documents_mode="only") as client,
        listening(client) as server,
        opened(server, by=await client.sign_up("ada")) as socket,
    ):
        await say(socket, {"type": "subscribe", "id": "1", "payload": {"documentId": "me"}})
        assert (await heard(socket))["payload"] == {"data": {"viewer": {"username": "ada"}}}
        assert (await heard(socket))["type"] == "complete"
        for payload, expected in (
            ({"query": OTHER}, "DOCUMENT_NOT_TRUSTED"),
            ({"documentId": "none"}, "DOCUMENT_NOT_FOUND"),
            (by_hash(OTHER), "PERSISTED_QUERY_NOT_SUPPORTED"),
        ):
            await say(socket, {"type": "subscribe", "id": "1", "payload": payload})
            refused = await heard(socket)
            assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", expected)


async def test_trusted_documents_are_ready_at_the_start(
    database_dsn: Dsns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trusting(database_dsn.server, tmp_path) as client:
        documents = client.app.state.server_context.execution.documents
        monkeypatch.setattr(documents, "_prepare", None)
        assert code(await asked(client, {"documentId": "me"})) == "UNAUTHENTICATED"
        for text in RELAY.values():
            assert documents.cached(text, anonymous=True).errors == []


async def test_document_that_the_schema_does_not_know_is_logged_and_refused(
    database_dsn: Dsns, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = {"old": "{ gone }", "me": ME}
    async with trusting(database_dsn.server, tmp_path, manifest, environment="production") as client:
        assert code(await asked(client, {"documentId": "old"})) == "GRAPHQL_VALIDATION_FAILED"
        assert code(await asked(client, {"documentId": "me"})) == "UNAUTHENTICATED"
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
def test_what_is_no_manifest_is_told_in_one_sentence(tmp_path: Path, manifest: str) -> None:
    file = tmp_path / "documents.json"
    file.write_bytes(manifest.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError, match=r"^TRUSTED_DOCUMENTS: "):
        trusted.load(file)


def test_manifest_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory"):
        trusted.load(tmp_path / "none.json")
