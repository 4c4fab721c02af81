"""Removes secrets from text that is about to be logged.

    values of the server     its secret keys, the passwords of the database and of the SMTP server, METRICS_TOKEN
    values of the request    its access token, its cookie, and every string that the client sent
        other text               whatever looks like a token, a hash of a password, a card number or a one-time code

Our own code logs no secret. But the message of an unexpected error, which the log shows in
development, and the text of a library can repeat any value.

Decision 54 gives the reasons.
"""

import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from pydantic import SecretStr

from pocketpay.settings import SEPARATORS, Settings, secret_names

HIDDEN = "[hidden]"
SHORTEST = 6
"""Number of characters of the shortest value that is removed: a code of a text message has six digits. Shorter ones
are in many texts by chance."""

FORMS = re.compile(
    r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"  # an access token
    r"|\$(?:argon2\w*|2[abxy])\$[\w$=,+/.-]*[\w/+]"  # a hash of a password
    r"|(?<![\w-])[\w-]{43,}(?![\w-])"  # a refresh token, the token of a link, a signature
    r"|\b9999\d{12}\b"  # a card number
    r"|(?<![\w.:+-])(?:\d{6}|\d{3} \d{3}|\d{8}|\d{4} \d{4})(?![\w.:-])"  # a one-time code
)

LISTS = ("secret_key_fallbacks", "stripe_webhook_secrets")
"""Settings that hold several secrets."""

HEADERS = (b"authorization", b"cookie")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)+)"')

_of_the_server: set[str] = set()
_request: ContextVar[tuple[Mapping[bytes, bytes], bytes] | None] = ContextVar("request", default=None)


def configure(settings: Settings) -> None:
    """Remembers the secrets of this server's settings."""
    _of_the_server.clear()
    values: list[str] = []
    for name in secret_names(Settings):
        secret = getattr(settings, name)
        if isinstance(secret, SecretStr):
            text = secret.get_secret_value()
            values += SEPARATORS.split(text) if name in LISTS else (text,)
        elif secret is not None:
            values += _passwords(secret)
    _of_the_server.update(value for value in values if len(value) >= SHORTEST)


def remember(headers: Mapping[bytes, bytes], body: bytes = b"") -> None:
    """Remembers the request that the current task answers."""
    _request.set((headers, body))


def redacted(text: str) -> str:
    """Returns the text without secrets."""
    request = _request.get()
    values = {*_of_the_server, *(_strings(*request) if request is not None else ())}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return FORMS.sub(HIDDEN, text)


def _passwords(url: str) -> Iterator[str]:
    """Yields the password of a database URL, as it is written there and decoded."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)


def _strings(headers: Mapping[bytes, bytes], body: bytes) -> Iterator[str]:
    """Yields the values in a request that must not be logged."""
    for name in HEADERS:
        value = headers.get(name, b"").decode("latin-1")
        yield from (part for part in (value, *re.split(r"[ =;,]+", value)) if len(part) >= SHORTEST)
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    if not isinstance(members, dict):
        return
    query = members.get("query")
    written = QUOTED.findall(query) if isinstance(query, str) else []
    for value in (*_texts(members.get("variables")), *written):
        if len(value) >= SHORTEST:
            yield value
            yield repr(value)[1:-1]  # as in the message of an error that quotes it


def _texts(value: Any) -> Iterator[str]:
    """Yields all strings in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
