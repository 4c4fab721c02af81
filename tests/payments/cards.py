"""Cards for tests: issued and used at a desk, and moved through time behind its back."""

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


async def issue(desk: Desk, whose: Person, *, key: str | None = None, **said: str) -> IssuedCard:
    """A new card, without limits but those that are said."""
    return await issue_card(desk, whose.wallet_id, **({"raw_label": "Groceries"} | said), raw_key=key or new_key())


async def card_of(desk: Desk, whose: Person, *, each: str | None = None, monthly: str | None = None) -> UUID:
    """A new card's id."""
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
    """A payment by card."""
    return await simulate_card_payment(
        desk, whose.wallet_id, card_id, raw_merchant=merchant, raw_amount=amount, raw_key=key or new_key()
    )


async def kept(records: Records, card_id: UUID) -> tuple[str, int, int]:
    """(status, spent in its month, version) as the table has it."""
    row = await records.connection.fetchrow("select status, spent, version from cards where id = $1", card_id)
    assert row is not None
    return row[0], row[1], row[2]


async def expire(records: Records, card_id: UUID) -> None:
    """Makes last month the last in which the card was good."""
    await records.connection.execute(
        "update cards set expiry_month = extract(month from ended), expiry_year = extract(year from ended) "
        "from (select clock_timestamp() at time zone 'UTC' - interval '1 month' as ended) before where id = $1",
        card_id,
    )


async def let_a_month_pass(records: Records, card_id: UUID) -> None:
    """Moves what the card paid into the month before, and what it knows of it."""
    await records.connection.execute(_EARLIER, card_id)
