"""Translates the model's orders into requests of GraphQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pocketpay.api.ids import encode
from tests.model import orders as model_orders
from tests.model.orders import Keyed, Order
from tests.people import PASSWORD

ERRORS = (
    "errors { code ... on InsufficientFunds { required { amount } available { amount } } "
    "... on LimitExceeded { limit { total { amount } used { amount } } } ... on WrongState { status } }"
)
TRANSACTION = "transaction { id status }"
WALLET = "wallet { balance { amount } held { amount } version }"
PAYMENT = f"{TRANSACTION} {WALLET} replayed {ERRORS}"


def _document(name: str, variable: str, argument: str, result: str) -> str:
    return f"mutation Walk(${argument}: {variable}) {{ answer: {name}({argument}: ${argument}) {{ {result} }} }}"


def _operators(name: str, variable: str, result: str) -> str:
    return f"mutation Walk($input: {variable}) {{ operations {{ answer: {name}(input: $input) {{ {result} }} }} }}"


TRANSFER = _document("transfer", "TransferInput!", "input", PAYMENT)
BATCH = _document("transferBatch", "TransferBatchInput!", "input", f"results {{ {PAYMENT} }} replayed {ERRORS}")
DEPOSIT = _document("deposit", "DepositInput!", "input", PAYMENT)
WITHDRAW = _document("withdraw", "WithdrawInput!", "input", PAYMENT)
REFUND = _document("refund", "RefundInput!", "input", PAYMENT)
CONFIRM = _document("confirmTransfer", "ID!", "id", PAYMENT)
CANCEL = _document("cancelTransfer", "ID!", "id", PAYMENT)
REQUEST = _document("requestMoney", "RequestMoneyInput!", "input", f"moneyRequest {{ id status }} replayed {ERRORS}")
SPLIT = _document("splitBill", "SplitBillInput!", "input", f"moneyRequests {{ id status }} replayed {ERRORS}")
PAY_REQUEST = _document("payRequest", "PayRequestInput!", "input", PAYMENT)
DECLINE = _document("declineRequest", "ID!", "id", f"moneyRequest {{ id status }} replayed {ERRORS}")
CANCEL_REQUEST = _document("cancelRequest", "ID!", "id", f"moneyRequest {{ id status }} replayed {ERRORS}")
ISSUE_CARD = _document("issueCard", "IssueCardInput!", "input", f"card {{ id status }} replayed {ERRORS}")
PAY_BY_CARD = _document("simulateCardPayment", "SimulateCardPaymentInput!", "input", PAYMENT)
CARD_STATUS = {
    status: _document(name, "ID!", "id", f"card {{ id status }} {ERRORS}")
    for status, name in (("active", "unfreezeCard"), ("frozen", "freezeCard"), ("closed", "closeCard"))
}
CARD_LIMITS = _document("updateCardLimits", "UpdateCardLimitsInput!", "input", f"card {{ id status }} {ERRORS}")
CLOSE_WALLET = _document("closeWallet", "String!", "password", f"revoked {ERRORS}")
STATE = f"wallet {{ status freeze balance {{ amount }} held {{ amount }} }} {ERRORS}"
FREEZE = _operators("freezeWallet", "FreezeWalletInput!", STATE)
UNFREEZE = _operators("unfreezeWallet", "UnfreezeWalletInput!", STATE)
REVERSE = _operators("reverseTransaction", "ReverseTransactionInput!", f"{TRANSACTION} replayed {ERRORS}")


@dataclass(frozen=True)
class Request:
    """One request. `by_operator`: an operator sends it, not the customer of the order."""

    document: str
    variables: dict[str, Any]
    by_operator: bool = False


@dataclass
class Requests:
    """The requests for orders. `usernames` and `currencies` are those of the model's names. `ids` are the server's
    ids by the model's; an id without one is sent as it is, and the server does not know it."""

    usernames: Mapping[str, str]
    currencies: Mapping[str, str]
    ids: Mapping[UUID, UUID]

    def of(self, order: Order) -> Request:
        if isinstance(order, Keyed):
            document, input = self._keyed(order)
            return Request(document, {"input": input | {"idempotencyKey": order.key}})
        return self._plain(order)

    def _keyed(self, order: Keyed) -> tuple[str, dict[str, Any]]:
        match order:
            case model_orders.Pay():
                return TRANSFER, {"to": self._username(order.to)} | self._amount(order.who, order.amount)
            case model_orders.PayBatch():
                items = [{"to": self._username(one.to)} | self._amount(order.who, one.amount) for one in order.items]
                return BATCH, {"transfers": items, "atomic": order.atomic}
            case model_orders.Deposit():
                return DEPOSIT, {"bankName": "First Bank"} | self._amount(order.who, order.amount)
            case model_orders.Withdraw():
                speed = "INSTANT" if order.fast else "STANDARD"
                return WITHDRAW, {"bankName": "First Bank", "speed": speed} | self._amount(order.who, order.amount)
            case model_orders.RequestMoney() if len(order.among) == 1 and not order.with_me:
                payer = self._username(order.among[0])
                return REQUEST, {"from": payer, "description": "Dinner"} | self._amount(order.who, order.total)
            case model_orders.RequestMoney():
                among = [self._username(one) for one in order.among]
                total = self._amount(order.who, order.total, "total")
                return SPLIT, {"among": among, "includeMe": order.with_me, "description": "Dinner"} | total
            case model_orders.PayRequest():
                return PAY_REQUEST, {"id": self._id("request", order.request)}
            case model_orders.Refund():
                refunded = {"transactionId": self._id("transaction", order.of), "reason": "Sorry"}
                return REFUND, refunded | self._amount(order.who, order.amount)
            case model_orders.IssueCard():
                each = self._amount(order.who, order.each, "perPaymentLimit")
                return ISSUE_CARD, {"label": "Books"} | each | self._amount(order.who, order.month, "monthlyLimit")
            case model_orders.PayByCard():
                card = {"cardId": self._id("card", order.card), "merchant": "Bookshop"}
                return PAY_BY_CARD, card | self._amount(order.who, order.amount)
        raise AssertionError(order)

    def _plain(self, order: Order) -> Request:
        match order:
            case model_orders.Confirm():
                return Request(CONFIRM, {"id": self._id("transaction", order.id)})
            case model_orders.Cancel():
                return Request(CANCEL, {"id": self._id("transaction", order.id)})
            case model_orders.DeclineRequest():
                return Request(DECLINE, {"id": self._id("request", order.request)})
            case model_orders.CancelRequest():
                return Request(CANCEL_REQUEST, {"id": self._id("request", order.request)})
            case model_orders.SetCardStatus():
                return Request(CARD_STATUS[order.status], {"id": self._id("card", order.card)})
            case model_orders.SetCardLimits():
                return Request(CARD_LIMITS, {"input": self._limits(order)})
            case model_orders.CloseWallet():
                return Request(CLOSE_WALLET, {"password": PASSWORD})
        return self._operators(order)

    def _operators(self, order: Order) -> Request:
        whose = {"wallet": self._username(order.who), "reason": "a walk"}
        match order:
            case model_orders.Freeze():
                return Request(FREEZE, {"input": whose | {"freeze": order.what.upper()}}, by_operator=True)
            case model_orders.Unfreeze():
                return Request(UNFREEZE, {"input": whose}, by_operator=True)
            case model_orders.Reverse():
                # The model has no key here. Without one, a repeated partial reversal would be another reversal.
                input = {
                    "transactionId": self._id("customer_transaction", order.of),
                    "reason": "a walk",
                    "upToAvailable": order.at_most,
                    "idempotencyKey": order.id.hex,
                }
                return Request(REVERSE, {"input": input | self._amount(order.who, order.amount)}, by_operator=True)
        raise AssertionError(order)

    def _limits(self, order: model_orders.SetCardLimits) -> dict[str, Any]:
        """Zero keeps a limit and None removes it, so zero is not sent and None is sent as null."""
        limits: dict[str, Any] = {"id": self._id("card", order.card)}
        for name, limit in (("perPaymentLimit", order.each), ("monthlyLimit", order.month)):
            if limit != 0:
                limits[name] = None if limit is None else self._decimal(order.who, limit)
        return limits

    def _username(self, name: str | None) -> str:
        return "nobody_at_all" if name is None else self.usernames[name]

    def _id(self, prefix: str, id: UUID) -> str:
        return encode(prefix, self.ids.get(id, id))

    def _amount(self, who: str, minor: int | None, name: str = "amount") -> dict[str, str]:
        return {} if minor is None else {name: self._decimal(who, minor)}

    def _decimal(self, who: str, minor: int) -> str:
        return str(minor) if self.currencies[who] == "JPY" else f"{minor // 100}.{minor % 100:02}"
