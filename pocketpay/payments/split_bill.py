"""How a bill is split: the total is divided into shares, and each of the others gets a money request for their share.

The shares differ by at most one minor unit: the first people in `among` get the larger shares. With `include_me`, the
person who splits the bill has the last share. The rule for the requests is in create_requests.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing.footprint import ResultKind
from pocketpay.clearing.outcome import Answer
from pocketpay.database import uuids
from pocketpay.money import Money
from pocketpay.payments.create_requests import CreateRequests, Share
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_description, parse_key, parse_recipient
from pocketpay.transactions.errors import InvalidAmount, InvalidInput

MAX_PAYERS = 20
"""Enough for a table in a restaurant. Each payer is one more wallet that the unit of work locks."""


@dataclass(frozen=True, slots=True)
class Split:
    """The result of splitting a bill. `my_share` is the share of the person who splits it; None when that person has
    no share."""

    answer: Answer
    my_share: Money | None


async def split_bill(
    desk: Desk,
    wallet_id: UUID,
    *,
    raw_among: Sequence[str],
    raw_total: str,
    raw_description: str,
    include_me: bool,
    raw_key: str,
) -> Split:
    """Creates a money request for each person's share: all of them or none.

    Raises InvalidInput and InvalidAmount for input that is invalid or cannot be split, every Refusal of the rule, and
    ServiceBusy when the order was not executed or its outcome is unknown (retry with the same key).
    """
    total = parse_amount(raw_total, await desk.resolver.currency(wallet_id), "total")
    description, among = parse_description(raw_description), _parse_among(raw_among)
    amounts = shares(total, among=len(among), include_me=include_me)
    people = ("with me" if include_me else "without me", *among)
    key = parse_key(raw_key, wallet_id, "splitBill", total, description, *people, result_kind=ResultKind.REQUESTS)
    payers = [await desk.resolver.wallet_of(username) for username in among]
    if wallet_id in payers:
        raise InvalidInput("among", "must not have your own username")
    others = zip(among, payers, amounts, strict=False)  # the last amount may be the share of the viewer
    shared = tuple(Share(uuids.uuid7(), username, payer_id, amount) for username, payer_id, amount in others)
    answer = await desk.submit(CreateRequests(wallet_id, shared, description, key, field="among"))
    return Split(answer, amounts[-1] if include_me else None)


def shares(total: Money, *, among: int, include_me: bool) -> list[Money]:
    """Returns the shares of `among` people, in order; with `include_me`, one more share at the end.

    Raises InvalidAmount when a share would be zero.
    """
    ways = among + include_me
    if total.minor < ways:
        raise InvalidAmount(f"must be at least one minor unit for each of {ways} shares", "total")
    return total.split(ways)


def _parse_among(raw_among: Sequence[str]) -> list[str]:
    """Parses the usernames into their canonical spelling; "" for an invalid username. Raises InvalidInput."""
    if not 1 <= len(raw_among) <= MAX_PAYERS:
        raise InvalidInput("among", f"must have 1 to {MAX_PAYERS} usernames")
    among = [parse_recipient(raw) for raw in raw_among]
    named = [username for username in among if username]
    if len(set(named)) < len(named):
        raise InvalidInput("among", "must have each username only once")
    return among
