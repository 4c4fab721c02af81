"""The fields of a transaction that each party may see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import uuid_utils.compat as uuids

from pocketpay.money import Money
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.risk.rule import Reason
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.transactions.visibility import Direction, counterparty, direction, seen_by

SENDER, RECIPIENT, STRANGER = uuids.uuid7(), uuids.uuid7(), uuids.uuid7()
MADE = datetime(2026, 11, 22, 12, tzinfo=UTC)
DONE = MADE + timedelta(minutes=9)

HELD = Transaction(
    id=uuids.uuid7(),
    type=Type.SEND,
    status=Status.PENDING_CONFIRMATION,
    source_wallet_id=SENDER,
    destination_wallet_id=RECIPIENT,
    amount=Money(60_000, "USD"),
    fee=Money(30, "USD"),
    description="A guitar",
    bank_name=None,
    risk_reasons=(Reason(NewRecipient.name, {}),),
    failure_code=None,
    failure_facts=None,
    expires_at=MADE + timedelta(minutes=15),
    version=1,
    created_at=MADE,
    updated_at=MADE,
    completed_at=None,
)
COMPLETED = replace(HELD, status=Status.COMPLETED, version=2, updated_at=DONE, completed_at=DONE)
DEPOSIT = replace(COMPLETED, type=Type.DEPOSIT, source_wallet_id=None, bank_name="First Bank")


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.COMPLETED])
def test_a_recipient_does_not_see_an_uncompleted_payment(status: Status) -> None:
    assert seen_by(replace(HELD, status=status), RECIPIENT) is None


def test_a_recipient_never_sees_the_senders_fee_risk_or_expiry() -> None:
    seen = seen_by(COMPLETED, RECIPIENT)
    assert seen is not None
    assert (seen.risk_reasons, seen.expires_at, seen.failure_code, seen.failure_facts) == ((), None, None, None)
    assert seen.fee == Money(0, "USD")
    assert seen.total == COMPLETED.amount


def test_a_recipient_cannot_see_that_a_payment_was_held() -> None:
    seen = seen_by(COMPLETED, RECIPIENT)
    assert seen is not None
    assert seen.created_at == seen.completed_at == DONE


def test_a_sender_sees_every_field() -> None:
    assert seen_by(HELD, SENDER) is HELD
    assert seen_by(COMPLETED, SENDER) is COMPLETED


def test_the_owner_of_a_deposit_sees_every_field() -> None:
    assert seen_by(DEPOSIT, RECIPIENT) is DEPOSIT


def test_another_wallet_sees_nothing() -> None:
    assert [seen_by(one, STRANGER) for one in (HELD, COMPLETED, DEPOSIT)] == [None, None, None]


def test_direction_and_counterparty_depend_on_the_viewer() -> None:
    assert (direction(COMPLETED, SENDER), counterparty(COMPLETED, SENDER)) == (Direction.OUTGOING, RECIPIENT)
    assert (direction(COMPLETED, RECIPIENT), counterparty(COMPLETED, RECIPIENT)) == (Direction.INCOMING, SENDER)
    assert (direction(DEPOSIT, RECIPIENT), counterparty(DEPOSIT, RECIPIENT)) == (Direction.INCOMING, None)
