"""The signatures of Stripe's events, and the ids that an event names."""

import json
import time
from typing import Any
from uuid import UUID

import pytest
import uuid_utils.compat as uuids
from stripe import WebhookSignature

from pocketpay.banking.stripe import repository
from pocketpay.banking.stripe.events import TOLERANCE, EventRefused, Fault, Subjects, subjects, verified
from pocketpay.banking.stripe.kinds import Kind
from pocketpay.database.sessions import Database

EVENT = {"type": "payout.paid", "data": {"object": {"id": "po_1"}}}


def signed(body: str, secret: str, *, seconds_ago: float = 0) -> str:
    return str(WebhookSignature.generate_signature_header(body, secret, int(time.time() - seconds_ago)))


def fault_of(body: str, signature: str | None, *secrets: str) -> Fault:
    with pytest.raises(EventRefused) as refused:
        verified(body.encode(), signature, secrets)
    return refused.value.fault


def test_an_event_is_accepted_with_any_of_the_secrets() -> None:
    body = json.dumps(EVENT)
    for secret in ("whsec_old", "whsec_new"):
        assert verified(body.encode(), signed(body, secret), ("whsec_old", "whsec_new")) == EVENT
    both = f"{signed(body, 'whsec_other')},{signed(body, 'whsec_new').partition(',')[2]}"
    assert verified(body.encode(), both, ("whsec_new",)) == EVENT


def test_other_events_are_refused_with_the_reason() -> None:
    body, secret = json.dumps(EVENT), "whsec_new"
    assert fault_of(body, None, secret) is Fault.UNSIGNED
    assert fault_of(body, "t=1", secret) is Fault.UNSIGNED
    assert fault_of(body, signed(body, "whsec_other"), secret) is Fault.FORGED
    assert fault_of(body + " ", signed(body, secret), secret) is Fault.FORGED
    assert fault_of(body, signed(body, secret)) is Fault.FORGED
    assert fault_of(body, signed(body, secret, seconds_ago=TOLERANCE + 60), secret) is Fault.LATE
    assert fault_of(body, signed(body, secret, seconds_ago=TOLERANCE + 60), "whsec_other") is Fault.FORGED
    for malformed in ("", "[]", "{}", '{"type": 1}', '{"type": "a", "data": []}', '{"type": "a", "data": {}}'):
        assert fault_of(malformed, signed(malformed, secret), secret) is Fault.MALFORMED


async def test_an_event_is_about_the_owners_of_the_ids_that_it_names(database: Database) -> None:
    order, user, *links = (uuids.uuid7() for _ in range(5))
    async with database.write() as session:
        await repository.put(session, order, Kind.PAYMENT_INTENT, "pi_1")
        await repository.put(session, user, Kind.ACCOUNT, "acct_1")
        await repository.put(session, user, Kind.CUSTOMER, "cus_1")
        for number, (kind, id) in enumerate(
            [(Kind.PAYMENT_METHOD, "pm_1"), (Kind.LINK_ACCOUNT, "acct_1"), (Kind.LINK_ACCOUNT, "acct_1")]
        ):
            await repository.put(session, links[number], kind, id)

    async def about(type: str, found: dict[str, Any], **more: Any) -> Subjects:
        return await subjects(database, {"type": type, "data": {"object": found}} | more)

    def of(*orders: UUID, links: tuple[UUID, ...] = ()) -> Subjects:
        return Subjects(frozenset(orders), frozenset(links))

    assert await about("payment_intent.succeeded", {"id": "pi_1"}) == of(order)
    assert await about("charge.dispute.created", {"id": "du_1", "payment_intent": "pi_1"}) == of(order)
    assert await about("charge.dispute.created", {"id": "du_1", "payment_intent": {"id": "pi_1"}}) == of(order)
    other = uuids.uuid7()
    assert await about("payout.paid", {"id": "po_9", "metadata": {"transaction_id": str(other)}}) == of(other)
    assert await about("payout.paid", {"id": "po_9", "metadata": {"transaction_id": "no id"}}) == of()
    assert await about("payment_method.detached", {"id": "pm_1"}) == of(links=(links[0],))
    assert await about("account.updated", {"id": "acct_1"}) == of(links=(links[1], links[2]))
    assert await about(
        "account.application.deauthorized", {"id": "ca_1", "object": "application"}, account="acct_1"
    ) == of(links=(links[1], links[2]))
    assert await about("payout.paid", {"id": "po_9"}, account="acct_1") == of()
    assert await about("customer.created", {"id": "cus_1", "metadata": None}) == of()
