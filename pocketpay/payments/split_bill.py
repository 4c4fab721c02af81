"""How a bill is split: its total in shares to the cent, and a request to each of the others (the rule is in ask.py).

The remainder goes one minor unit each from the first in `among` on; whoever splits comes last, with `include_me`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.footprint import ResultKind
from pocketpay.clearing.outcome import Answer
from pocketpay.money import Money
from pocketpay.payments.ask import Ask, Share
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_description, parse_key, parse_recipient
from pocketpay.transactions.errors import InvalidAmount, InvalidInput

MOST_ASKED = 20
"""A table in a restaurant: each of them is one more wallet that the unit of work locks."""


@dataclass(frozen=True, slots=True)
class Split:
    """What came of it. `my_share` is None when whoever splits has none."""

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
    """Asks each of the others for their share, all of them or none.

    Raises InvalidInput and InvalidAmount for what cannot be parsed or split, every Refusal of the rule, and
    ServiceBusy when it could not be carried out or its outcome is unknown (ask again with the same key).
    """
    total = parse_amount(raw_total, await desk.resolver.currency(wallet_id), "total")
    description, among = parse_description(raw_description), _parse_among(raw_among)
    amounts = shares(total, among=len(among), include_me=include_me)
    said = ("with me" if include_me else "without me", *among)
    key = parse_key(raw_key, wallet_id, "splitBill", total, description, *said, result_kind=ResultKind.REQUESTS)
    payers = [await desk.resolver.wallet_of(username) for username in among]
    if wallet_id in payers:
        raise InvalidInput("among", "must not have your own username")
    asked = zip(among, payers, amounts, strict=False)  # whoever splits may be one more
    wanted = tuple(Share(uuids.uuid7(), username, payer_id, amount) for username, payer_id, amount in asked)
    answer = await desk.submit(Ask(wallet_id, wanted, description, key, field="among"))
    return Split(answer, amounts[-1] if include_me else None)


def shares(total: Money, *, among: int, include_me: bool) -> list[Money]:
    """What each of so many pays, in their order, and last, with `include_me`, oneself. Raises InvalidAmount when
    somebody would pay nothing."""
    ways = among + include_me
    if total.minor < ways:
        raise InvalidAmount(f"must be at least one minor unit for each of {ways} shares", "total")
    return total.split(ways)


def _parse_among(raw_among: Sequence[str]) -> list[str]:
    """The usernames meant, each in its one spelling, "" for what is none. Raises InvalidInput."""
    if not 1 <= len(raw_among) <= MOST_ASKED:
        raise InvalidInput("among", f"must have 1 to {MOST_ASKED} usernames")
    among = [parse_recipient(raw) for raw in raw_among]
    named = [username for username in among if username]
    if len(set(named)) < len(named):
        raise InvalidInput("among", "must have each username only once")
    return among
