"""Cards for tests: functions that issue and use them, and that change their dates directly in the tables."""

from uuid import UUID

from pocketpay.clearing.outcome import Answer
from pocketpay.payments.desk import Desk
from pocketpay.payments.issue_card import IssuedCard, issue_card
from pocketpay.payments.simulate_card_payment import simulate_card_payment
from tests.payments.customers import Person, Records, new_key

_EARLIER = """
with earlier as (
    update cards set spent_in = (spent_in - interval '1 month')::date where id = $1)
update transactions set created_at = created_at - interval '1 month', updated_at = updated_at - interval '1 month',
    completed_at = completed_at - interval '1 month'
where card_id = $1
"""


async def issue(desk: Desk, whose: Person, *, key: str | None = None, **fields: str) -> IssuedCard:
    """Issues a card. It has only the limits that are given."""
    return await issue_card(desk, whose.wallet_id, **({"raw_label": "Groceries"} | fields), raw_key=key or new_key())


async def new_card(desk: Desk, whose: Person, *, each: str | None = None, monthly: str | None = None) -> UUID:
    """Issues a card and returns its id."""
    issued = await issue_card(
        desk,
        whose.wallet_id,
        raw_label="Groceries",
        raw_per_payment_limit=each,
        raw_monthly_limit=monthly,
        raw_key=new_key(),
    )
    return issued.card.id


async def buy(
    desk: Desk,
    whose: Person,
    card_id: UUID | None,
    amount: str,
    *,
    merchant: str = "Bookshop",
    key: str | None = None,
) -> Answer:
    """Pays by card."""
    return await simulate_card_payment(
        desk, whose.wallet_id, card_id, raw_merchant=merchant, raw_amount=amount, raw_key=key or new_key()
    )


async def stored_card(records: Records, card_id: UUID) -> tuple[str, int, int]:
    """The (status, amount spent in its month in minor units, version) of a card in the table."""
    row = await records.connection.fetchrow("select status, spent, version from cards where id = $1", card_id)
    assert row is not None
    return row[0], row[1], row[2]


async def expire(records: Records, card_id: UUID) -> None:
    """Makes the card expire: it was last valid in the previous month."""
    await records.connection.execute(
        "update cards set expiry_month = extract(month from ended), expiry_year = extract(year from ended) "
        "from (select clock_timestamp() at time zone 'UTC' - interval '1 month' as ended) before where id = $1",
        card_id,
    )


async def let_a_month_pass(records: Records, card_id: UUID) -> None:
    """Moves the card's payments and its spent amount into the previous month."""
    await records.connection.execute(_EARLIER, card_id)
