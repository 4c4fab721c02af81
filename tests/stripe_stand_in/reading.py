"""Retrieving, listing, searching and expanding: the same for every kind of object."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from tests.stripe_stand_in import shapes
from tests.stripe_stand_in.errors import invalid
from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.world import Call, World

SEARCH_LAG = 60
"""How many seconds a new object is missing from searches. Stripe promises less than a minute and nothing more."""

NOT_FILTERS = {"limit", "starting_after", "ending_before", "expand", "created", "arrival_date"}

CLAUSE = re.compile(r"""\s*(-?)([a-z_]+)(?:\[["']([^"']+)["']\])?\s*:\s*["']([^"']*)["']\s*""")


def retrieve(kind: str) -> Callable[..., Object]:
    def handler(world: World, call: Call, id: str) -> Object:
        return world.find(kind, id)

    return handler


def list_all(kind: str, url: str) -> Callable[..., Object]:
    """Lists objects, newest first, filtered by every other parameter that names a field."""

    def handler(world: World, call: Call) -> Object:
        found = [one for one in world.store.newest_first(kind, call.account) if _passes(one, call)]
        return page(found, call, url)

    return handler


def page(found: list[Object], call: Call, url: str) -> Object:
    """Returns one page of a list that has the newest objects first."""
    limit = call.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Invalid limit: must be between 1 and 100", param="limit")
    ids = [one["id"] for one in found]
    if (after := call.get("starting_after")) is not None:
        found = found[_position(ids, after, "starting_after") + 1 :]
    if (before := call.get("ending_before")) is not None:
        found = found[: _position(ids, before, "ending_before")]
        return shapes.list_of(found[-limit:], url, has_more=len(found) > limit)
    return shapes.list_of(found[:limit], url, has_more=len(found) > limit)


def search(kind: str, url: str) -> Callable[..., Object]:
    """Searches by metadata and fields. A new object appears after SEARCH_LAG, as at Stripe."""

    def handler(world: World, call: Call) -> Object:
        clauses = _clauses(call["query"])
        settled = world.now() - SEARCH_LAG
        found = [
            one
            for one in world.store.newest_first(kind, call.account)
            if one["created"] <= settled and all(_matches(one, *clause) for clause in clauses)
        ]
        limit = call.get("limit", 10)
        body = shapes.list_of(found[:limit], url, has_more=len(found) > limit)
        return body | {"object": "search_result", "next_page": None}

    return handler


def update(kind: str) -> Callable[..., Object]:
    """Changes an object's fields. Metadata is merged; an empty value removes a name."""

    def handler(world: World, call: Call, id: str) -> Object:
        body = world.find(kind, id)
        for name, value in call.parameters.items():
            if name == "metadata":
                merged = body["metadata"] | (value or {})
                body["metadata"] = {key: text for key, text in merged.items() if text != ""} if value else {}
            elif name != "expand":
                body[name] = value if value != "" else None
        world.put(body)
        world.emit(f"{kind}.updated", body)
        return body

    return handler


def expand(world: World, body: Any, paths: Iterable[str]) -> None:
    """Replaces ids by their objects, along paths such as `latest_charge.balance_transaction` and `data.customer`."""
    for path in paths:
        if path.count(".") > 3:
            raise invalid("You cannot expand more than 4 levels of a property", param="expand")
        _expand(world, body, path.split("."), path)


def _expand(world: World, body: Any, names: list[str], path: str) -> None:
    if isinstance(body, list):
        for one in body:
            _expand(world, one, names, path)
        return
    if not isinstance(body, dict) or names[0] not in body:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    value = body[names[0]]
    if isinstance(value, str):
        found = world.store.get(value)
        if found is None:
            raise invalid(f"This property cannot be expanded ({path}).", param="expand")
        body[names[0]] = value = found
    if value is not None and len(names) > 1:
        _expand(world, value, names[1:], path)


def _passes(one: Object, call: Call) -> bool:
    for name, wanted in call.parameters.items():
        if name == "types":
            if one["type"] not in wanted:
                return False
        elif name == "type" and one["object"] == "event":
            if not re.fullmatch(re.escape(wanted).replace(r"\*", ".*"), one["type"]):
                return False
        elif name not in NOT_FILTERS and one.get(name) != wanted:
            return False
    return all(_in_range(one[name], call.get(name)) for name in ("created", "arrival_date") if call.get(name))


def _in_range(at: int, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(at == wanted)
    tests = {"gt": at.__gt__, "gte": at.__ge__, "lt": at.__lt__, "lte": at.__le__}
    return all(tests[name](value) for name, value in wanted.items())


def _position(ids: list[str], id: str, param: str) -> int:
    if id not in ids:
        raise invalid(f"No such object: '{id}'", code="resource_missing", param=param)
    return ids.index(id)


def _clauses(query: str) -> list[tuple[str, str, str, str]]:
    clauses = []
    for text in re.split(r"\s+AND\s+", query):
        found = CLAUSE.fullmatch(text)
        if found is None:
            raise invalid(f"We were unable to parse your search query: {text}", param="query")
        clauses.append((found[1], found[2], found[3] or "", found[4]))
    return clauses


def _matches(one: Object, minus: str, field: str, name: str, wanted: str) -> bool:
    value = one.get(field)
    if name:
        value = (value or {}).get(name)
    return (value == wanted) != (minus == "-")
