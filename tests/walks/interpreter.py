"""Translates the model's orders into the product's instructions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.expire import Expire
from pocketpay.clearing.footprint import Key, ResultKind
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.identity.changes import UNCHANGED
from pocketpay.identity.closing_user import ClosingUser
from pocketpay.importing.opening_balance import OpenBalance
from pocketpay.money import Money
from pocketpay.onboarding.close_wallet import CloseWallet
from pocketpay.onboarding.welcome_bonus import PayBonus
from pocketpay.operations.freeze_wallet import FreezeWallet
from pocketpay.operations.reverse_transaction import Reverse
from pocketpay.operations.unfreeze_wallet import UnfreezeWallet
from pocketpay.operator_log.act import Operator
from pocketpay.payments.cancel import Cancel
from pocketpay.payments.cancel_request import CancelRequest
from pocketpay.payments.close_card import CloseCard
from pocketpay.payments.confirm import Confirm
from pocketpay.payments.create_requests import CreateRequests, Share
from pocketpay.payments.decline_request import DeclineRequest
from pocketpay.payments.deposit import AcceptDeposit
from pocketpay.payments.end_unpayable_request import EndUnpayableRequest
from pocketpay.payments.fees import Speed
from pocketpay.payments.freeze_card import FreezeCard
from pocketpay.payments.issue_card import IssueCard
from pocketpay.payments.other_bank import OtherBank
from pocketpay.payments.pay_request import PayRequest
from pocketpay.payments.refund import Refund
from pocketpay.payments.settle import Settle
from pocketpay.payments.simulate_card_payment import CardPayment
from pocketpay.payments.split_bill import shares
from pocketpay.payments.transfer import Transfer
from pocketpay.payments.transfer_batch import TransferBatch
from pocketpay.payments.unfreeze_card import UnfreezeCard
from pocketpay.payments.update_card_limits import UpdateCardLimits
from pocketpay.payments.withdraw import AcceptWithdrawal
from pocketpay.requests.money_request import RequestDetails
from pocketpay.risk.policy import Policy
from pocketpay.risk.rules import RiskSettings
from pocketpay.transactions.errors import InvalidAmount
from pocketpay.transactions.limits import LimitKind
from pocketpay.wallets.balance import Freeze
from tests.model import orders as model_orders
from tests.model.model import Model
from tests.model.orders import Keyed, Order, input_of

HASH = "none"
"""The password hash of every user."""

OPERATOR = Operator(None, "a walk")

CURRENCIES = ("USD", "JPY")

LIMITS = {
    "deposit": LimitKind.DEPOSIT_DAILY,
    "withdrawal": LimitKind.WITHDRAWAL_DAILY,
    "transfer": LimitKind.TRANSFER_DAILY,
}


STANDINGS: dict[str, type[UnfreezeCard | FreezeCard | CloseCard]] = {
    "active": UnfreezeCard,
    "frozen": FreezeCard,
    "closed": CloseCard,
}

RESULT_KINDS = {"RequestMoney": ResultKind.REQUESTS, "IssueCard": ResultKind.CARDS}
AUDITED = {ResultKind.REQUESTS: "requestMoney", ResultKind.CARDS: "issueCard"}
"""The operation names by which the audit recognises keys whose results are not transactions."""


def terms_of(model: Model) -> Terms:
    """Returns the model's rules as the product's terms."""
    rules = model.rules
    settings = {
        "large_transfer_threshold": _as_setting(rules.threshold),
        "large_transfer_action": rules.actions["large_transfer"],
        "new_recipient_action": rules.actions["new_recipient"],
        "rapid_transfer_count": rules.rapid_count,
        "rapid_transfer_action": rules.actions["rapid_transfers"],
    }
    return Terms(
        Policy.of(RiskSettings.model_validate(settings), CURRENCIES),
        timedelta(minutes=15),
        rules.max_pending,
        {kind: _in_each_currency(rules.daily_limits[name]) for name, kind in LIMITS.items()},
        instant_fee_bps=150,
        request_life=timedelta(days=30),
        max_open_requests=rules.max_open_requests,
        max_requests_per_day=rules.max_requests_a_day,
        max_cards=rules.max_cards,
    )


def _as_setting(minor: int) -> str:
    return ",".join(f"{code}:{amount}" for code, amount in _in_each_currency(minor).items())


def _in_each_currency(minor: int) -> dict[str, Money]:
    return {currency: Money(minor, currency) for currency in CURRENCIES}


@dataclass
class Interpreter:
    """Translates orders, with the wallets, payments and requests that the product resolves before it queues an
    order."""

    model: Model
    wallets: dict[str, UUID]
    users: dict[str, UUID]

    def instructions(self, orders: Sequence[Order]) -> list[Instruction]:
        """Returns the instructions of those orders. An order may refer to objects that an earlier one creates."""
        self._parties = {id: (one.who, one.to) for id, one in self.model.payments.items()}
        self._asked = {id: (one.who, one.of, one.amount) for id, one in self.model.requests.items()}
        for order in orders:
            if isinstance(order, model_orders.Pay):
                self._parties.setdefault(order.id, (order.who, order.to))
            elif isinstance(order, model_orders.PayBatch):
                for id, item in zip(order.ids, order.items, strict=True):
                    self._parties.setdefault(id, (order.who, item.to))
            elif isinstance(order, model_orders.RequestMoney):
                for id, name, share in zip(order.ids, order.among, self._shares(order), strict=False):
                    self._asked.setdefault(id, (order.who, name or order.who, share.minor))
            elif isinstance(order, model_orders.PayRequest) and order.request in self._asked:
                asker, payer, _ = self._asked[order.request]
                self._parties.setdefault(order.id, (payer, asker))
        return [self._keyed(order) if isinstance(order, Keyed) else self._plain(order) for order in orders]

    def _keyed(self, order: Keyed) -> Instruction:
        wallet_id, key = self.wallets[order.who], self._key(order)
        match order:
            case model_orders.Pay():
                return Transfer(order.id, wallet_id, self._wallet(order.to), self._money(order), "Lunch", key)
            case model_orders.PayBatch():
                items = tuple(self._item(order, *one) for one in zip(order.ids, order.items, strict=True))
                return TransferBatch(wallet_id, items, order.atomic, key)
            case model_orders.Deposit():
                return AcceptDeposit(order.id, wallet_id, self._money(order), OtherBank("First Bank"), key)
            case model_orders.OpeningBalance():
                return OpenBalance(order.id, wallet_id, self._money(order), "Elsewhere", key)
            case model_orders.Bonus():
                return PayBonus(order.id, wallet_id, self._money(order), key)
            case model_orders.Withdraw():
                speed = Speed.INSTANT if order.fast else Speed.STANDARD
                return AcceptWithdrawal(order.id, wallet_id, self._money(order), OtherBank("First Bank"), speed, key)
            case model_orders.RequestMoney():
                each = zip(order.ids, order.among, self._shares(order), strict=False)
                wanted = tuple(Share(id, name or "", self._wallet(name), share) for id, name, share in each)
                return CreateRequests(wallet_id, wanted, "Dinner", key, "among" if len(wanted) > 1 else "from")
            case model_orders.PayRequest():
                return PayRequest(order.id, wallet_id, order.request, self._requested(order), key)
            case model_orders.Refund():
                return self._refund(order, key)
            case model_orders.IssueCard():
                limits = self._limit(order.who, order.each), self._limit(order.who, order.month)
                return IssueCard(order.id, wallet_id, self._currency(order.who), "Books", "1234", *limits, key)
            case model_orders.PayByCard():
                return CardPayment(order.id, wallet_id, order.card, self._money(order), "Bookshop", key)

    def _plain(self, order: Order) -> Instruction:
        wallet_id = self.wallets[order.who]
        match order:
            case model_orders.BankAnswer():
                return Settle(wallet_id, order.id, order.yes)
            case model_orders.Confirm():
                return Confirm(wallet_id, self._wallet(self._parties.get(order.id, (None, None))[1]), order.id)
            case model_orders.Cancel():
                return Cancel(wallet_id, order.id)
            case model_orders.Expire():
                return Expire(wallet_id, order.id)
            case model_orders.DeclineRequest():
                return DeclineRequest(wallet_id, order.request)
            case model_orders.CancelRequest():
                _, payer, _ = self._asked.get(order.request, (None, order.who, 0))
                return CancelRequest(wallet_id, self.wallets[payer], order.request)
            case model_orders.EndUnpayableRequest():
                asker, payer, _ = self._asked.get(order.request, (order.who, order.who, 0))
                return EndUnpayableRequest(self.wallets[payer], self.wallets[asker], order.request)
            case model_orders.Freeze():
                return FreezeWallet(uuids.uuid7(), wallet_id, Freeze(order.what), "a walk", OPERATOR)
            case model_orders.Reverse():
                source, destination = self._parties.get(order.of, (None, None))
                payee_id = None if destination is None else self._wallet(source)
                amount = None if order.amount is None else Money(order.amount, self._currency(order.who))
                return Reverse(
                    *(order.id, uuids.uuid7(), wallet_id, payee_id, order.of, "a walk", OPERATOR),
                    amount=amount,
                    up_to_available=order.at_most,
                )
            case model_orders.CloseWallet():
                user_id = self.users[order.who]
                closing_user = ClosingUser.of(user_id, HASH if order.proven else "another")
                return CloseWallet(wallet_id, closing_user)
            case model_orders.Unfreeze():
                return UnfreezeWallet(uuids.uuid7(), wallet_id, "a walk", OPERATOR)
            case model_orders.SetCardStatus():
                return STANDINGS[order.status](wallet_id, order.card)
            case model_orders.SetCardLimits():
                each, month = (
                    UNCHANGED if limit == 0 else self._limit(order.who, limit) for limit in (order.each, order.month)
                )
                return UpdateCardLimits(wallet_id, order.card, each, month)
        raise AssertionError(order)

    def _item(self, order: model_orders.PayBatch, id: UUID, item: model_orders.Item) -> Transfer | Refusal:
        if item.amount == 0:
            return InvalidAmount("must be more than zero")
        money = Money(item.amount, self._currency(order.who))
        return Transfer(id, self.wallets[order.who], self._wallet(item.to), money, "Lunch", key=None)

    def _limit(self, name: str, minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, self._currency(name))

    def _refund(self, order: model_orders.Refund, key: Key) -> Refund:
        payer, payee = self._parties.get(order.of, (None, None))
        payer_id = self._wallet(payer) if payee == order.who else None
        amount = None if order.amount is None else Money(order.amount, self._currency(order.who))
        return Refund(order.id, self.wallets[order.who], payer_id, order.of, amount, "Sorry", key)

    def _key(self, order: Keyed) -> Key:
        operation = type(order).__name__
        fingerprint = hashlib.sha256(repr(input_of(order)).encode()).digest()
        result_kind = RESULT_KINDS.get(operation, ResultKind.TRANSACTIONS)
        operation = "refund" if isinstance(order, model_orders.Refund) else AUDITED.get(result_kind, operation)
        return Key(self.wallets[order.who], order.key, operation, fingerprint, result_kind)

    def _requested(self, order: model_orders.PayRequest) -> RequestDetails | None:
        asker, payer, amount = self._asked.get(order.request, (None, None, 0))
        if asker is None or payer != order.who:
            return None
        money = Money(amount, self._currency(order.who))
        return RequestDetails(self.wallets[asker], self.wallets[order.who], money, "Dinner")

    def _shares(self, order: model_orders.RequestMoney) -> list[Money]:
        total = Money(order.total, self._currency(order.who))
        return shares(total, among=len(order.among), include_me=order.with_me)

    def _money(
        self,
        order: model_orders.Pay
        | model_orders.Deposit
        | model_orders.OpeningBalance
        | model_orders.Bonus
        | model_orders.Withdraw
        | model_orders.PayByCard,
    ) -> Money:
        return Money(order.amount, self._currency(order.who))

    def _wallet(self, name: str | None) -> UUID | None:
        return None if name is None else self.wallets[name]

    def _currency(self, name: str) -> str:
        return self.model.wallets[name].money
