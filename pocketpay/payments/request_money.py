"""How somebody asks another person for money: a request of one (the rule is in ask.py)."""

from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.footprint import ResultKind
from pocketpay.clearing.outcome import Answer
from pocketpay.payments.ask import Ask, Share
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_description, parse_key, parse_recipient


async def request_money(
    desk: Desk, wallet_id: UUID, *, raw_from: str, raw_amount: str, raw_description: str, raw_key: str
) -> Answer:
    """Asks a person for money; the answer's one request waits for them.

    Raises InvalidInput and InvalidAmount for what cannot be parsed, every Refusal of the rule, and ServiceBusy when
    it could not be carried out or its outcome is unknown (ask again with the same key).
    """
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    description, username = parse_description(raw_description), parse_recipient(raw_from)
    key = parse_key(
        raw_key, wallet_id, "requestMoney", username, amount, description, result_kind=ResultKind.REQUESTS
    )
    share = Share(uuids.uuid7(), username, await desk.resolver.wallet_of(username), amount)
    return await desk.submit(Ask(wallet_id, (share,), description, key, field="from"))
