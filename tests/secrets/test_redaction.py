"""Removing secrets from a message, without changing the rest of it."""

import contextvars
import time
from uuid import UUID

import orjson
import pytest

from pocketpay.identity.tokens import AccessTokens, RefreshTokens
from pocketpay.identity.viewer import Viewer
from pocketpay.serving import redaction
from pocketpay.serving.redaction import redacted
from tests.people import SECRET, made

ID = "01m8gphxs2e1jragm6wydgrddm"


VALUE = "line\nbreak'quote"


def in_request(text: str, body: bytes, **headers: str) -> str:
    """The text as it is logged while a request is answered."""

    def run() -> str:
        redaction.remember({name.encode(): value.encode() for name, value in headers.items()}, body)
        return redacted(text)

    return contextvars.copy_context().run(run)


@pytest.mark.parametrize(
    "secret",
    [
        RefreshTokens(SECRET).successors("x")[0],
        "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIx.c2lnbmF0dXJl",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        "$2b$10$abcdefghijklmnopqrstuuW5OQmAPqDHnPnn4SHfQkfHKYVvJ1QPe",
        "9999991357924689",
        "48151623",
        "4815 1623",
        "481516",
        "481 516",
    ],
)
def test_a_secret_is_recognised_by_its_form(secret: str) -> None:
    for text in ("failed: {}", "'{}'", "({},)", "{}", "code={} of ada"):
        assert redacted(text.format(secret)) == text.format("[hidden]")


def test_every_refresh_token_is_recognised() -> None:
    for _ in range(50):
        assert redacted(f"bad token {RefreshTokens(SECRET).first()}!") == "bad token [hidden]!"


def test_every_access_token_is_recognised() -> None:
    viewer = Viewer(UUID(int=1), UUID(int=2), UUID(int=3))
    for _ in range(50):
        token, _ = AccessTokens(SECRET, lifetime_seconds=600).issue(viewer, now=1e9, session_expires_at=2e9)
        assert redacted(f"bad token {token}!") == "bad token [hidden]!"


@pytest.mark.parametrize(
    "text",
    [
        "connection to 127.0.0.1:54321 lost after 12.345678 s",
        f"no row with id transaction_{ID}",
        "0198c3f2-4d55-7b6e-9a51-6f2c1e0d9b3a",
        "canceling statement due to lock timeout",
        "2026-11-28T09:16:48.123456Z",
        "[Errno 111] Connect call failed ('127.0.0.1', 5432)",
    ],
)
def test_other_text_is_not_changed(text: str) -> None:
    assert redacted(text) == text


def test_the_strings_of_the_request_are_removed_wherever_they_were() -> None:
    variables = {"i": {"login": "ada", "password": "violet-harbour", "list": [{"x": "in-a-list"}]}}
    query = 'mutation { signIn(input: {login: "ada", password: "in-the-text"}) { user { id } } }'
    body = orjson.dumps({"query": query, "variables": variables})
    for secret in ("violet-harbour", "in-a-list", "in-the-text", "the-token", "cookie-value"):
        found = in_request(f"bad {secret!r}", body, authorization="Bearer the-token", cookie="a=cookie-value; b=c")
        assert found == "bad '[hidden]'"
    assert redacted("bad 'violet-harbour'") == "bad 'violet-harbour'", "the next request has other values"


def test_a_value_is_also_removed_in_the_form_in_which_an_error_quotes_it() -> None:
    body = orjson.dumps({"query": "{ x }", "variables": {"p": VALUE}})
    assert "break" not in in_request(f"invalid input: {[VALUE]!r}", body)


@pytest.mark.parametrize(
    "body", [b"", b"[", b"[]", b"null", b'{"query":1}', b'{"query":"\\"","variables":[1,{"a":null}]}']
)
def test_any_body_is_accepted(body: bytes) -> None:
    assert in_request("it failed", body) == "it failed"


def test_the_secrets_of_the_settings_are_removed() -> None:
    redaction.configure(
        made(
            secret_key="a secret key of thirty-two bytes.",
            secret_key_fallbacks="a-key-before-it,another-key",
            metrics_token="let-me-in",
            database_url="postgresql://pocketpay:p%40ssword@db/pocketpay",
        )
    )
    try:
        assert redacted("with a secret key of thirty-two bytes. and let-me-in") == "with [hidden] and [hidden]"
        assert redacted("p%40ssword or p@ssword") == "[hidden] or [hidden]"
        assert redacted("an another-key") == "an [hidden]"
    finally:
        redaction.configure(made())


def test_redacting_takes_time_in_proportion_to_the_text() -> None:
    for text in ("9" * 100_000, "a-" * 50_000, "$2b$" * 25_000, "eyJ" * 30_000, "4815 " * 20_000, "eyJa." * 20_000):
        began = time.thread_time()
        redacted(text)
        assert time.thread_time() - began < 1
