"""How a person requests money from another person. The rule is in create_requests.py."""

from uuid import UUID

from pocketpay.clearing.footprint import ResultKind
from pocketpay.clearing.outcome import Answer
from pocketpay.database import uuids
from pocketpay.payments.create_requests import CreateRequests, Share
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_description, parse_key, parse_recipient


async def request_money(
    desk: Desk, wallet_id: UUID, *, raw_from: str, raw_amount: str, raw_description: str, raw_key: str
) -> Answer:
    """Creates a money request to one person. The answer has the one pending request.

    Raises InvalidInput and InvalidAmount for invalid input, every Refusal of the rule, and ServiceBusy when the order
    was not executed or its outcome is unknown (retry with the same key).
    """
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    description, username = parse_description(raw_description), parse_recipient(raw_from)
    key = parse_key(
        raw_key, wallet_id, "requestMoney", username, amount, description, result_kind=ResultKind.REQUESTS
    )
    share = Share(uuids.uuid7(), username, await desk.resolver.wallet_of(username), amount)
    return await desk.submit(CreateRequests(wallet_id, (share,), description, key, field="from"))
