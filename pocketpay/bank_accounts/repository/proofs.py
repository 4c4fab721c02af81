"""The audit's proofs about bank accounts, the orders through them, and returns. Each is a query that returns one row
for each error it finds."""

from pocketpay.bank_accounts import guards
from pocketpay.database.findings import Proof, guarded, in_force

ACCOUNTS = Proof(
    "a bank account is of the owner of its wallet, in its currency, and a closed wallet has only removed ones",
    """
    select b.id::text, case
        when w.id is null then 'its wallet ' || b.wallet_id || ' is gone'
        when w.currency <> b.currency then 'is in ' || b.currency || ', its wallet in ' || w.currency
        when u.wallet_id is distinct from b.wallet_id then 'is of ' || b.user_id || ', who does not own its wallet'
        else 'is ' || b.status || ', and its wallet is closed' end
    from bank_accounts b
    left join wallets w on w.id = b.wallet_id left join users u on u.id = b.user_id
    where w.id is null or w.currency <> b.currency or u.wallet_id is distinct from b.wallet_id
       or (w.status = 'closed' and b.status <> 'removed')
    """,
)

ORDERS = Proof(
    "an order through a bank account is a deposit or a withdrawal of its wallet, in its currency",
    """
    select o.transaction_id::text, case
        when t.id is null then 'does not exist'
        when t.type not in ('deposit', 'withdrawal') then 'is a ' || t.type
        else concat('is in ', t.currency, ' of the wallet ', coalesce(t.source_wallet_id, t.destination_wallet_id),
            ', its bank account in ', b.currency, ' of ', b.wallet_id) end
    from bank_orders o
    left join transactions t on t.id = o.transaction_id left join bank_accounts b on b.id = o.bank_account_id
    where t.id is null or t.type not in ('deposit', 'withdrawal') or b.currency is distinct from t.currency
       or b.wallet_id is distinct from coalesce(t.source_wallet_id, t.destination_wallet_id)
    """,
)

RETURNS = Proof(
    "what a bank took back of an order is refunded or outstanding, and never more than the order moved",
    """
    select r.transaction_id::text, case
        when t.id is null then 'does not exist'
        when t.type not in ('deposit', 'withdrawal') or t.status <> 'completed'
            then 'is a ' || t.status || ' ' || t.type
        when r.wallet_id is distinct from coalesce(t.source_wallet_id, t.destination_wallet_id)
            or r.currency <> t.currency
            then 'its return is of the wallet ' || r.wallet_id || ' in ' || r.currency
        else 'the bank took back ' || r.returned || ' of ' || t.amount || ', ' || t.refunded || ' is refunded and '
            || r.outstanding || ' outstanding' end
    from bank_returns r left join transactions t on t.id = r.transaction_id
    where t.id is null or t.type not in ('deposit', 'withdrawal') or t.status <> 'completed'
       or r.wallet_id is distinct from coalesce(t.source_wallet_id, t.destination_wallet_id)
       or r.currency <> t.currency or r.returned > t.amount or r.outstanding > t.amount::numeric + t.fee
       or t.refunded::numeric + r.outstanding
           < case t.type when 'withdrawal' then t.amount::numeric + t.fee else r.returned end
    """,
)

BOOKED = Proof(
    "a return is booked by completed refunds of its order, which nobody else ordered, and by no more than it is",
    """
    select b.refund_id::text, case
        when t.id is null then 'does not exist'
        when t.refund_of is distinct from b.transaction_id or t.status <> 'completed'
            then 'is not a completed refund of ' || b.transaction_id
        else 'was ordered by a customer, and books a return' end
    from bank_return_refunds b
    left join transactions t on t.id = b.refund_id
    left join (
        select distinct r.id from idempotency_keys k cross join unnest(k.result_ids) r(id)
        where k.operation = 'refund') ordered on ordered.id = b.refund_id
    where t.id is null or t.refund_of is distinct from b.transaction_id or t.status <> 'completed'
       or ordered.id is not null
    union all
    select r.transaction_id::text, 'the bank took back ' || r.returned || ', refunds book ' || booked.amount
    from bank_returns r
    join transactions o on o.id = r.transaction_id
    join (
        select b.transaction_id, sum(t.amount::numeric) as amount
        from bank_return_refunds b join transactions t on t.id = b.refund_id group by b.transaction_id) booked
        on booked.transaction_id = r.transaction_id
    where booked.amount > case o.type when 'withdrawal' then o.amount::numeric + o.fee else r.returned end
    """,
)

BANK_ACCOUNTS_GUARDED = guarded("the triggers of bank accounts, orders and returns are in force", *guards.TRIGGERS)

BANK_ACCOUNTS_CONSTRAINED = in_force(
    "the constraints of bank accounts, orders and returns are in force",
    constraints=guards.CONSTRAINTS,
    unique_indexes=guards.UNIQUE_INDEXES,
)

PROOFS = (ACCOUNTS, ORDERS, RETURNS, BOOKED, BANK_ACCOUNTS_GUARDED, BANK_ACCOUNTS_CONSTRAINED)
