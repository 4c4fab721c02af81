"""The audit's proofs about money requests and their payments."""

from pocketpay.database.findings import in_force
from pocketpay.requests import guards
from pocketpay.transactions.repository.added import incremental

PAID_ONCE = incremental(
    "a money request is paid by exactly one completed payment, and no other request has one",
    """
    select r.id::text, 'is ' || r.status || ', with ' || payments.n || ' completed payments'
    from money_requests r
    cross join lateral (
        select count(*) as n from transactions t where t.request_id = r.id and t.status = 'completed') payments
    where payments.n <> case r.status when 'paid' then 1 else 0 end
    """,
    "money_requests",
)

MATCHES_REQUEST = incremental(
    "a payment of a money request goes from its payer to its requester, with its amount",
    """
    select t.id::text, 'pays the request ' || t.request_id || case
        when r.id is null then ', which is not there'
        when t.status in ('created', 'pending_confirmation') and r.status <> 'pending'
            then ', which is ' || r.status || ', and waits'
        else ', which asks for something else' end
    from transactions t left join money_requests r on r.id = t.request_id
    where t.request_id is not null and (
        r.id is null or t.source_wallet_id is distinct from r.payer_wallet_id
        or t.destination_wallet_id is distinct from r.requester_wallet_id
        or t.amount <> r.amount or t.currency <> r.currency
        or (t.status in ('created', 'pending_confirmation') and r.status <> 'pending'))
    """,
    "transactions",
)

BETWEEN_WALLETS = incremental(
    "a money request has the currency of its two wallets, and its times are in order",
    """
    select r.id::text, case when r.updated_at < r.created_at then 'was changed before it was made'
        else 'is in ' || r.currency || ', the wallet ' || w.id || ' in ' || w.currency end
    from money_requests r join wallets w on w.id in (r.requester_wallet_id, r.payer_wallet_id)
    where w.currency <> r.currency or r.updated_at < r.created_at
    """,
    "money_requests",
)

CONSTRAINED = in_force(
    "the constraints of money requests are in force",
    constraints=guards.CONSTRAINTS,
)

PROOFS = (PAID_ONCE, MATCHES_REQUEST, BETWEEN_WALLETS, CONSTRAINED)
