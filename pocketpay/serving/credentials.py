"""Finds the access token in the payload of connection_init, under the names that clients use.

    authorization, token, accessToken, authToken     in upper or lower case, with or without "Bearer"
    the same names within `headers`                  as in the headers of a request

A client that sends anything like a credential intends to sign in. A credential that cannot be read counts as an
invalid token, so that such a socket is never anonymous.
"""

from collections.abc import Iterator, Mapping

TOKEN_NAMES = frozenset({"authorization", "token", "accesstoken", "authtoken"})
"""Names of the access token, in lower case and without "-" and "_"."""

CREDENTIAL_PARTS = ("authoriz", "authentic", "token", "bearer", "jwt", "apikey", "credential", "password", "secret")
"""Parts of names that suggest a credential."""
OTHER_PARTS = ("csrf", "xsrf")
"""Parts of names that are not credentials although they contain "token"."""

INVALID_TOKEN = ""
"""A token that no session has: signing in with it fails."""


def token_in(payload: Mapping[str, object]) -> str | None:
    """The access token in the payload of a connection_init; None when it holds no credential. INVALID_TOKEN when the
    credential cannot be read, or when there are two different ones."""
    tokens = set(_tokens(payload))
    if not tokens:
        return None
    return tokens.pop() if len(tokens) == 1 else INVALID_TOKEN


def _tokens(payload: Mapping[str, object]) -> Iterator[str]:
    pending: list[tuple[object, bool]] = [(payload, True)]
    while pending:
        value, is_token_level = pending.pop()
        if isinstance(value, list):
            pending.extend((inner_value, False) for inner_value in value)
        if not isinstance(value, dict):
            continue
        for key, inner_value in value.items():
            name = key.lower().replace("-", "").replace("_", "")
            if name in TOKEN_NAMES and is_token_level:
                yield _without_bearer(inner_value)
            elif _is_credential_name(name) or (name == "headers" and isinstance(inner_value, str)):
                yield INVALID_TOKEN
            else:
                pending.append((inner_value, name == "headers" and value is payload))


def _without_bearer(value: object) -> str:
    text = value.strip() if isinstance(value, str) else INVALID_TOKEN
    return text[7:].strip() if text[:7].lower() == "bearer " else text


def _is_credential_name(name: str) -> bool:
    return any(part in name for part in CREDENTIAL_PARTS) and not any(part in name for part in OTHER_PARTS)
