"""Translates the responses of GraphQL into the model's replies, and compares them with the expected ones."""

from typing import Any, NamedTuple
from uuid import UUID

from typeid import TypeID

from tests.model.orders import Reply


class Seen(NamedTuple):
    """What a response shows of a reply. None: it does not show this. `ids` are the server's."""

    ids: tuple[UUID, ...]
    states: tuple[str, ...]
    why: str | None
    facts: tuple[int | str, ...] | None
    replayed: bool | None
    parts: "tuple[Seen, ...]"
    wallet: tuple[int, int, int] | None

    def agrees_with(self, expected: Reply) -> bool:
        """Returns whether this can be the reply that the model expects. Compares no ids."""
        return (
            (self.states, self.why) == (tuple(state for _, state in expected.things), expected.why)
            and self.facts in (None, expected.facts)
            and self.replayed in (None, expected.replayed)
            and self.wallet in (None, expected.wallet)
            and len(self.parts) == len(expected.parts)
            and all(part.agrees_with(wanted) for part, wanted in zip(self.parts, expected.parts, strict=True))
        )


def seen_in(payload: dict[str, Any]) -> Seen:
    """Returns what the payload of a mutation shows."""
    replayed = payload.get("replayed")
    why, facts = _refusal(payload["errors"])
    if "results" in payload:
        parts = tuple(seen_in(one)._replace(wallet=None) for one in payload["results"])
        wallets = [wallet for one in payload["results"] if (wallet := _wallet(one)) is not None]
        ids = tuple(id for part in parts for id in part.ids)
        states = tuple(state for part in parts for state in part.states)
        return Seen(ids, states, why, facts, replayed, parts, wallets[-1] if wallets else None)
    if "freeze" in (payload.get("wallet") or {}):
        wallet = payload["wallet"]
        return Seen((), (), why, ((wallet["freeze"] or wallet["status"]).lower(),), None, (), None)
    if why is None and "revoked" in payload:
        return Seen((), (), None, ("closed",), None, (), None)
    things = _things(payload)
    # A payload of only a refusal has no `replayed` of its own.
    nothing = why is not None and not things
    return Seen(
        tuple(UUID(bytes=TypeID.from_string(one["id"]).uuid_bytes) for one in things),
        tuple(one["status"].lower() for one in things),
        why,
        facts,
        None if nothing else replayed,
        (),
        _wallet(payload),
    )


def _things(payload: dict[str, Any]) -> list[dict[str, Any]]:
    many = payload.get("moneyRequests")
    if many is not None:
        return list(many)
    one = payload.get("transaction") or payload.get("moneyRequest") or payload.get("card")
    return [] if one is None else [one]


def _refusal(errors: list[dict[str, Any]]) -> tuple[str | None, tuple[int | str, ...] | None]:
    """Returns the code and the numbers of the only error. Numbers that are only in the message are not read."""
    if not errors:
        return None, None
    (error,) = errors
    if "required" in error:
        facts: tuple[int | str, ...] | None = _minor(error["required"]), _minor(error["available"])
    elif "limit" in error:
        facts = _minor(error["limit"]["total"]), _minor(error["limit"]["used"])
    else:
        facts = (error["status"].lower(),) if "status" in error else None
    return error["code"], facts


def _wallet(payload: dict[str, Any]) -> tuple[int, int, int] | None:
    wallet = payload.get("wallet")
    if wallet is None:
        return None
    return _minor(wallet["balance"]), _minor(wallet["held"]), wallet["version"]


def _minor(money: dict[str, str]) -> int:
    """Returns an amount in minor units: the digits, because an amount always has all decimals of its currency."""
    return int(money["amount"].replace(".", ""))
