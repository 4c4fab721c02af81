"""The access token in the payload of connection_init, where clients put it.

    authorization, token, accessToken, authToken     in any case, with or without "Bearer"
    headers.authorization and the like               as in the headers of a request

Whoever shows anything like a credential means to be signed in. What cannot be read is a bad token, so that no such
socket is anonymous.
"""

from collections.abc import Iterator, Mapping

READ = frozenset({"authorization", "token", "accesstoken", "authtoken"})
"""Names of the access token, in lower case without - and _."""

LIKE_CREDENTIALS = ("authoriz", "authentic", "token", "bearer", "jwt", "apikey", "credential", "password", "secret")
"""What the name of something secret has in it."""
NO_CREDENTIALS = ("csrf", "xsrf")
"""What a name has in it that is none, though it says "token"."""

UNREADABLE = ""
"""A token that opens nothing."""


def token_in(payload: Mapping[str, object]) -> str | None:
    """The access token of a connection_init; None where nothing is like one, UNREADABLE where it cannot be read, or
    where there are two."""
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
