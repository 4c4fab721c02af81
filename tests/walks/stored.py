"""Compares all stored rows of a walk's customers with its model, when the walk knows the server's ids."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from asyncpg import Connection, Record

from pocketpay.cards import repository as cards
from pocketpay.requests import repository as requests
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.transactions.repository import rows
from tests.model.model import Model
from tests.model.orders import EndUnpayableRequest
from tests.walks.compared import Comparison, adopt

PAYMENTS = f"""
select {rows.COLUMNS} from transactions
where source_wallet_id = any ($1::uuid[]) or destination_wallet_id = any ($1::uuid[])
"""
REQUESTS = f"""
select {requests.COLUMNS} from money_requests
where requester_wallet_id = any ($1::uuid[]) or payer_wallet_id = any ($1::uuid[])
"""
CARDS = f"select {cards.COLUMNS} from cards where wallet_id = any ($1::uuid[])"
ACCOUNTS = "select id, posted, held, version from ledger_accounts where id = any ($1::uuid[])"


async def compare(
    connection: "Connection[Record]",
    model: Model,
    wallets: dict[str, UUID],
    ids: Mapping[UUID, UUID],
    where: object,
) -> None:
    """Raises AssertionError when a row differs from the model. `ids` are the server's ids by the model's."""
    fetch, mine = connection.fetch, [*wallets.values()]
    names = {its: id for id, its in ids.items()}

    def named(id: UUID | None) -> UUID | None:
        return None if id is None else names[id]

    payments = [
        replace(
            one,
            id=names[one.id],
            request_id=named(one.request_id),
            card_id=named(one.card_id),
            refund_of=named(one.refund_of),
        )
        for one in map(rows.transaction, await fetch(PAYMENTS, mine))
    ]
    asked = [replace(one, id=names[one.id]) for one in map(requests.money_request, await fetch(REQUESTS, mine))]
    held = [replace(one, id=names[one.id]) for one in map(cards.card, await fetch(CARDS, mine))]
    adopt(model, payments, asked)
    _adopt_cancelled(model, asked)
    comparison = Comparison(model, wallets)
    comparison.of_payments(payments, where)
    comparison.of_requests(asked, where)
    comparison.of_cards(held, await connection.fetchval("select clock_timestamp()"), where)
    assert {one.id for one in payments} == model.payments.keys(), where
    assert {one.id for one in asked} == model.requests.keys(), where
    assert {one.id for one in held} == model.cards.keys(), where
    accounts = {row[0]: tuple(row)[1:] for row in await fetch(ACCOUNTS, mine)}
    for name, wallet in model.wallets.items():
        assert accounts[wallets[name]] == (wallet.posted, wallet.held, wallet.changes), (where, name)


def _adopt_cancelled(model: Model, asked: Iterable[MoneyRequest]) -> None:
    """Cancels in the model the requests of a closed wallet that the sweeper has cancelled."""
    for one in asked:
        request = model.requests[one.id]
        if one.status == "cancelled" and model.wallets[request.who].state == "closed":
            model.process(EndUnpayableRequest(request.of, request.id))
