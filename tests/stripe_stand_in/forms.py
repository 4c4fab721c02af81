"""Nested values in form encoding, as the library sends them: `a=1&b[c]=2&d[0]=3&d[1][e]=4`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from tests.stripe_stand_in.errors import Refusal, invalid

PART = re.compile(r"\[([^\[\]]*)\]")


def decode(encoded: str) -> dict[str, Any]:
    """Returns the nested value. Keys that are all numbers become lists, and `a[]` appends."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        first, _, rest = name.partition("[")
        path = [first, *PART.findall(f"[{rest}" if rest else "")]
        _put(root, path, value, name)
    return {name: _with_lists(value) for name, value in root.items()}


def _put(into: dict[str, Any], path: list[str], value: str, name: str) -> None:
    for part in path[:-1]:
        into = into.setdefault(part, {})
        if not isinstance(into, dict):
            raise _malformed(name)
    last = path[-1] or str(len(into))
    if isinstance(into.get(last), dict):
        raise _malformed(name)
    into[last] = value


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {name: _with_lists(one) for name, one in value.items()}
    if items and all(name.isdecimal() for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items


def _malformed(name: str) -> Refusal:
    return invalid(f"Invalid form encoding: {name}", param=name)
