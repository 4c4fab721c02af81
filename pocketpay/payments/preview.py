"""Previews of a transfer or a withdrawal: the same rule, decided without locks; the outcome is not written."""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.database import uuids
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed, withdrawal_fee
from pocketpay.payments.other_bank import OtherBank
from pocketpay.payments.parsing import parse_amount, parse_recipient
from pocketpay.payments.transfer import Transfer
from pocketpay.payments.withdraw import AcceptWithdrawal
from pocketpay.risk.rule import Reason
from pocketpay.transactions.allowance import allowances
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import Limit, LimitKind


@dataclass(frozen=True, slots=True)
class TransferPreview:
    """The result that the transfer would have. `status` and `available_after` are None if it would be refused without
    a transaction; `refusal` has the reason."""

    status: Status | None
    reasons: tuple[Reason, ...]
    available_after: Money | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class WithdrawalPreview:
    """The result that the withdrawal would have. `status` and `available_after` are None if it would be refused
    without a transaction; `refusal` has the reason. `limit` is the limit as it is now, None if the currency has no
    limit."""

    status: Status | None
    amount: Money
    fee: Money
    available_after: Money | None
    limit: Limit | None
    refusal: Refusal | None


async def preview_transfer(desk: Desk, wallet_id: UUID, *, raw_to: str, raw_amount: str) -> TransferPreview:
    """Returns the result that `transfer` would have now. Has no effect. Raises InvalidAmount and ServiceBusy."""
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    payee_id = await desk.resolver.wallet_of(parse_recipient(raw_to))
    instruction = Transfer(uuids.uuid7(), wallet_id, payee_id, amount, "preview", key=None)
    result = await desk.preview(instruction)
    if isinstance(result, Refusal):
        return TransferPreview(None, (), None, result)
    previewed = result.transaction
    return TransferPreview(previewed.status, previewed.risk_reasons, result.balance.available, result.refusal)


async def preview_withdrawal(desk: Desk, wallet_id: UUID, *, raw_amount: str, speed: Speed) -> WithdrawalPreview:
    """Returns the result that `withdraw` would have now, before the bank's answer. Has no effect.

    Raises InvalidAmount and ServiceBusy.
    """
    currency = await desk.resolver.currency(wallet_id)
    amount = parse_amount(raw_amount, currency)
    fee = withdrawal_fee(amount, speed, instant_bps=desk.terms.instant_fee_bps)
    result = await desk.preview(
        AcceptWithdrawal(uuids.uuid7(), wallet_id, amount, OtherBank("preview"), speed, key=None)
    )
    wallet = wallet_id, currency
    limits = (await desk.database.of(wallet_id).query(allowances, desk.terms.limits, [wallet]))[wallet]
    limit = next((one for one in limits if one.kind is LimitKind.WITHDRAWAL_DAILY), None)
    if isinstance(result, Refusal):
        return WithdrawalPreview(None, amount, fee, None, limit, result)
    return WithdrawalPreview(result.transaction.status, amount, fee, result.balance.available, limit, result.refusal)
