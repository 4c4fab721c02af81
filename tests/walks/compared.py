"""Compares the product's data with the model's."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from pocketpay.cards.card import Card
from pocketpay.ledger.account import Account
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.risk.rule import Reason
from pocketpay.transactions.stored_refusal import refusal_of
from pocketpay.transactions.transaction import Transaction
from pocketpay.transactions.visibility import seen_by
from pocketpay.wallets.balance import Standing
from tests.model.model import Model
from tests.model.store import Payment
from tests.walks.results import facts_of, state_of


def adopt(model: Model, transactions: Iterable[Transaction], requests: Iterable[MoneyRequest]) -> None:
    """Expires in the model what the product has expired. Overdue payments and requests expire with a unit or a
    sweep."""
    for kept in transactions:
        payment = model.payments[kept.id]
        if payment.lapsed and payment.status == "pending_confirmation" and kept.status == "expired":
            model.end(payment, "expired")
    for asked in requests:
        if asked.status == "expired":
            model.lapse(model.requests[asked.id])


class Comparison:
    """Compares the product's rows for these wallets with the model."""

    def __init__(self, model: Model, wallets: dict[str, UUID]) -> None:
        self.model, self.wallets = model, wallets
        self._names = {id: name for name, id in wallets.items()}

    def of_payments(self, kept: Iterable[Transaction], where: object) -> None:
        for one in kept:
            payment = self.model.payments[one.id]
            assert self._kept(one) == _written(payment), (where, self._kept(one), payment)
            for name, wallet_id in self.wallets.items():
                seen = seen_by(one, wallet_id)
                assert one.visible_to(wallet_id) is (seen is not None), (where, name)
                assert (None if seen is None else _inside(seen)) == payment.seen_by(name), (where, name)

    def of_requests(self, kept: Iterable[MoneyRequest], where: object) -> None:
        for one in kept:
            request = self.model.requests[one.id]
            assert (
                self._names[one.requester_wallet_id],
                self._names[one.payer_wallet_id],
                *(one.amount.minor, one.status, one.version),
            ) == (request.who, request.of, request.amount, request.status, request.changes), where
            seeing = {name for name, wallet_id in self.wallets.items() if one.visible_to(wallet_id)}
            assert seeing == {request.who, request.of}, where

    def of_cards(self, kept: Iterable[Card], now: datetime, where: object) -> None:
        for one in kept:
            card = self.model.cards[one.id]
            limits = [None if limit is None else limit.minor for limit in (one.per_payment_limit, one.monthly_limit)]
            assert (
                *(self._names[one.wallet_id], *limits, one.status),
                *(one.spent_in_month(now).minor, one.expired(now), one.version),
            ) == (card.who, card.each, card.month, card.status, card.spent, card.expired, card.changes), where

    def of_accounts(self, kept: Iterable[Account], where: object) -> None:
        for one in kept:
            wallet = self.model.wallets[self._names[one.id]]
            assert (one.posted, one.held, one.version) == (wallet.posted, wallet.held, wallet.changes), where

    def of_standings(self, kept: Mapping[UUID, Standing], where: object) -> None:
        for name, wallet_id in self.wallets.items():
            assert state_of(kept[wallet_id]) == self.model.wallets[name].state, (where, name)

    def _kept(self, one: Transaction) -> tuple[object, ...]:
        refusal = refusal_of(one)
        facts = () if refusal is None else facts_of(refusal)
        return (
            *(one.type, one.status, self._name(one.source_wallet_id), self._name(one.destination_wallet_id)),
            *(one.amount.minor, one.fee.minor, one.failure_code, facts, _reasons(one.risk_reasons)),
            *(one.request_id, one.card_id, one.refund_of, one.refunded, one.expires_at is not None),
            *(one.completed_at is not None, one.version),
        )

    def _name(self, wallet_id: UUID | None) -> str | None:
        return None if wallet_id is None else self._names[wallet_id]


def _written(one: Payment) -> tuple[object, ...]:
    return (
        *(one.kind, one.status, one.who, one.to),
        *(one.amount, one.fee, one.why, one.facts, one.reasons),
        *(one.asked, one.card, one.refund_of, one.refunded, one.waited),
        *(one.status == "completed", one.changes),
    )


def _inside(seen: Transaction) -> tuple[object, ...]:
    reasons, waited = _reasons(seen.risk_reasons), seen.expires_at is not None
    return seen.status, seen.fee.minor, reasons, seen.failure_code, waited


def _reasons(reasons: Iterable[Reason]) -> tuple[tuple[str, int], ...]:
    """Returns each rule with its threshold."""
    return tuple((one.rule, _measure(one)) for one in reasons)


def _measure(reason: Reason) -> int:
    if "threshold" in reason.facts:
        return int(str(reason.facts["threshold"]).replace(".", ""))
    return int(reason.facts.get("count", 0))
