"""What a transfer would come to now: the same rule, decided on a look without locks, and thrown away."""

from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_recipient
from pocketpay.payments.transfer import Transfer
from pocketpay.risk.rule import Reason
from pocketpay.transactions.lifecycle import Status


@dataclass(frozen=True, slots=True)
class TransferPreview:
    """What would become of it. `status` and `available_after` are None when nothing would: see `refusal`."""

    status: Status | None
    reasons: tuple[Reason, ...]
    available_after: Money | None
    refusal: Refusal | None


async def preview_transfer(desk: Desk, wallet_id: UUID, *, raw_to: str, raw_amount: str) -> TransferPreview:
    """What `transfer` would do now, with no effect. Raises InvalidAmount and ServiceBusy."""
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    payee_id = await desk.resolver.wallet_of(parse_recipient(raw_to))
    instruction = Transfer(uuids.uuid7(), wallet_id, payee_id, amount, "preview", key=None)
    result = await desk.preview(instruction)
    if isinstance(result, Refusal):
        return TransferPreview(None, (), None, result)
    would_be = result.transaction
    return TransferPreview(would_be.status, would_be.risk_reasons, result.balance.available, result.refusal)
