"""The audit's proofs about cards and the payments made with them."""

from pocketpay.database.findings import Proof
from pocketpay.transactions.repository.added import incremental

CARDS = incremental(
    "a card has its wallet's currency, and pays only from its wallet",
    """
    select c.id::text, 'is in ' || c.currency || ', its wallet in ' || coalesce(w.currency, 'none')
    from cards c left join wallets w on w.id = c.wallet_id
    where w.currency is distinct from c.currency
    union all
    select t.id::text, 'is paid by card ' || coalesce(t.card_id::text, 'none') || case
        when c.id is null then ', which is nowhere' when c.currency <> t.currency then ' of another currency'
        else ' of another wallet' end
    from transactions t left join cards c on c.id = t.card_id
    where t.type = 'card' and (c.wallet_id is distinct from t.source_wallet_id or c.currency <> t.currency)
    """,
    "transactions",
)

SPENT = Proof(
    "the monthly total of a card is the sum of its payments in that month, less refunds",
    """
    select c.id::text, 'says ' || c.spent || ' since ' || c.spent_in || ', its payments ' || coalesce(paid.total, 0)
    from cards c
    left join (
        select t.card_id, sum(t.amount - t.uncounted) as total
        from transactions t join cards its on its.id = t.card_id
        where t.status = 'completed' and t.completed_at >= its.spent_in::timestamp at time zone 'UTC'
        group by t.card_id) paid on paid.card_id = c.id
    where c.spent <> coalesce(paid.total, 0)
    """,
)
"""A payment in a later month than the card's `spent_in` is found too: the sum of payments is larger than `spent`."""

PROOFS = (CARDS, SPENT)
