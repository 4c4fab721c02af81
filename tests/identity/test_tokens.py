"""Access tokens: signed by us, unchanged, of the right type, not expired. Refresh tokens: a chain only our key
continues."""

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
import pytest

from pocketpay.identity.tokens import (
    CLAIMS,
    LONGEST_TOKEN,
    AccessTokens,
    BadToken,
    ExpiredToken,
    RefreshTokens,
    derived_keys,
)
from pocketpay.identity.viewer import Viewer
from tests.people import SECRET

VIEWER = Viewer(uuid4(), uuid4(), uuid4())
ANOTHER = (b"another key of thirty-two bytes!!!!",)
(KEY,) = derived_keys(SECRET, "access tokens")
tokens = AccessTokens(SECRET, lifetime_seconds=600)


def claims(**changed: Any) -> dict[str, Any]:
    ids = {"sub": str(VIEWER.user_id), "sid": str(VIEWER.session_id), "wid": str(VIEWER.wallet_id), "jti": "x"}
    said = {"iss": "pocketpay", "aud": "pocketpay-api", "iat": int(time.time()), "exp": int(time.time()) + 60, **ids}
    return {name: value for name, value in {**said, **changed}.items() if value is not None}


def signed(said: dict[str, Any], *, key: bytes = KEY, algorithm: str = "HS256", typ: str | None = "at+jwt") -> str:
    return jwt.encode(said, key, algorithm=algorithm, headers={"typ": typ})


def test_a_token_contains_its_viewer_and_its_expiry() -> None:
    now = time.time()
    token, expires_at = tokens.issue(VIEWER, now=now, session_expires_at=now + 10_000)
    assert tokens.read(token).viewer == VIEWER
    assert tokens.read(token).expires_at == expires_at.timestamp() == int(now + 600)
    assert tokens.read(signed(claims())).viewer == VIEWER


def test_a_token_never_expires_later_than_its_session() -> None:
    now = time.time()
    _, expires_at = tokens.issue(VIEWER, now=now, session_expires_at=now + 30)
    assert expires_at == datetime.fromtimestamp(int(now + 30), UTC)


@pytest.mark.parametrize("missing", CLAIMS)
def test_a_token_without_one_of_its_claims_is_invalid(missing: str) -> None:
    with pytest.raises(BadToken):
        tokens.read(signed(claims(**{missing: None})))


OTHERS = [("iss", "me"), ("aud", "them"), ("sub", "no uuid"), ("sub", 7), ("sid", ""), ("wid", "1"), ("exp", "soon")]


@pytest.mark.parametrize(("claim", "value"), [*OTHERS, ("iat", "now")])
def test_a_token_with_a_wrong_claim_is_invalid(claim: str, value: object) -> None:
    with pytest.raises(BadToken):
        tokens.read(signed(claims(**{claim: value})))


@pytest.mark.parametrize("typ", ["JWT", "rt+jwt", None])
def test_a_token_of_another_type_is_invalid(typ: str | None) -> None:
    with pytest.raises(BadToken):
        tokens.read(signed(claims(), typ=typ))


@pytest.mark.parametrize("key", [SECRET[0], b"x" * 32, *derived_keys(SECRET, "refresh tokens")])
def test_a_token_signed_with_another_key_is_invalid(key: bytes) -> None:
    with pytest.raises(BadToken):
        tokens.read(signed(claims(), key=key))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_token_signed_with_another_algorithm_is_invalid(algorithm: str) -> None:
    with pytest.raises(BadToken):
        tokens.read(signed(claims(), algorithm=algorithm))


def test_a_token_with_algorithm_none_is_invalid() -> None:
    def part(said: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    for algorithm in ("none", "None", "HS256"):
        unsigned = f"{part({'alg': algorithm, 'typ': 'at+jwt'})}.{part(claims())}."
        with pytest.raises(BadToken):
            tokens.read(unsigned)


def test_a_token_changed_anywhere_is_invalid() -> None:
    header, payload, signature = signed(claims()).split(".")
    another = signed(claims(sub=str(uuid4()))).split(".")[1]
    for forged in (f"{header}.{another}.{signature}", f"{header}.{payload}.{signature[::-1]}", f"{header}.{payload}"):
        with pytest.raises(BadToken):
            tokens.read(forged)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "null", "é.é.é", "\x00", "\ud800", "x" * (LONGEST_TOKEN + 1), "." * 4_000]
)
def test_a_text_that_is_not_a_token_is_invalid(text: str) -> None:
    with pytest.raises(BadToken):
        tokens.read(text)


def test_a_token_expires_at_its_exact_second() -> None:
    with pytest.raises(ExpiredToken):
        tokens.read(signed(claims(exp=int(time.time()))))


def test_a_token_issued_a_few_seconds_in_the_future_is_valid() -> None:
    assert tokens.read(signed(claims(iat=int(time.time()) + 5))).viewer == VIEWER


def test_the_first_key_signs_and_every_key_verifies() -> None:
    before = AccessTokens(SECRET, lifetime_seconds=600)
    during = AccessTokens(ANOTHER + SECRET, lifetime_seconds=600)
    after = AccessTokens(ANOTHER, lifetime_seconds=600)
    now = time.time()
    first, second = (one.issue(VIEWER, now=now, session_expires_at=now + 600)[0] for one in (before, during))
    assert during.read(first).viewer == during.read(second).viewer == after.read(second).viewer == VIEWER
    for reader, token in ((before, second), (after, first)):
        with pytest.raises(BadToken):
            reader.read(token)
    expired, _ = before.issue(VIEWER, now=now - 700, session_expires_at=now)
    with pytest.raises(ExpiredToken):
        during.read(expired)


def test_the_successor_of_a_refresh_token_depends_only_on_the_token_and_our_key() -> None:
    ours, theirs = RefreshTokens(SECRET), RefreshTokens(ANOTHER)
    first = ours.first()
    assert ours.successors(first) == RefreshTokens(SECRET).successors(first) != theirs.successors(first)
    assert ours.first() != first
    assert {len(first), *map(len, ours.successors(first))} == {43}
    assert RefreshTokens(ANOTHER + SECRET).successors(first) == theirs.successors(first) + ours.successors(first)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "é", "x" * 1_000_000])
def test_any_text_is_accepted_as_a_refresh_token_attempt(text: str) -> None:
    refresh_tokens = RefreshTokens(SECRET)
    assert len(refresh_tokens.hash_of(text)) == 32
    assert refresh_tokens.successors(text)
