"""Finds the access token in the payload of connection_init, under the names that clients use.

    authorization, token, accessToken, authToken     in any case, with or without "Bearer"
    the same names within `headers`                  as in the headers of a request

A client that sends anything like a credential intends to sign in. A credential that cannot be read counts as an
invalid token, so that such a socket is never anonymous.
"""

from collections.abc import Iterator, Mapping

READ = frozenset({"authorization", "token", "accesstoken", "authtoken"})
"""Names of the access token, in lower case and without "-" and "_"."""

LIKE_CREDENTIALS = ("authoriz", "authentic", "token", "bearer", "jwt", "apikey", "credential", "password", "secret")
"""Parts of names that suggest a credential."""
NO_CREDENTIALS = ("csrf", "xsrf")
"""Parts of names that are not credentials although they contain "token"."""

UNREADABLE = ""
"""A token that no session has: signing in with it fails."""


def token_in(payload: Mapping[str, object]) -> str | None:
    """The access token in the payload of a connection_init; None when it holds no credential. INVALID_TOKEN when the
    credential cannot be read, or when there are two different ones."""
    tokens = set(_tokens(payload))
    if not tokens:
        return None
    return tokens.pop() if len(tokens) == 1 else UNREADABLE


def _tokens(payload: Mapping[str, object]) -> Iterator[str]:
    waiting: list[tuple[object, bool]] = [(payload, True)]
    while waiting:
        part, is_read = waiting.pop()
        if isinstance(part, list):
            waiting.extend((value, False) for value in part)
        if not isinstance(part, dict):
            continue
        for key, value in part.items():
            name = key.lower().replace("-", "").replace("_", "")
            if name in READ and is_read:
                yield _bearer(value)
            elif _is_like_a_credential(name) or (name == "headers" and isinstance(value, str)):
                yield UNREADABLE
            else:
                waiting.append((value, name == "headers" and part is payload))


def _bearer(value: object) -> str:
    text = value.strip() if isinstance(value, str) else UNREADABLE
    return text[7:].strip() if text[:7].lower() == "bearer " else text


def _is_like_a_credential(name: str) -> bool:
    return any(part in name for part in LIKE_CREDENTIALS) and not any(part in name for part in NO_CREDENTIALS)
