"""The audit's proofs about closed wallets and their owners' closed accounts."""

from pocketpay.database.findings import Proof

EMPTY = Proof(
    "a closed wallet is empty: it has no unfinished payment, no open card and no open money request",
    """
    with closed as (
        select id, updated_at as at, updated_at < (
            select max(updated_at) - interval '1 hour' from ledger_accounts
            where updated_at < clock_timestamp()) as swept
        from wallets where status = 'closed')
    select closed.id::text, 'has posted ' || a.posted || ', held ' || a.held
    from closed join ledger_accounts a on a.id = closed.id where a.posted <> 0 or a.held <> 0
    union all
    select t.id::text, 'is ' || t.status || ', and the wallet ' || closed.id || ' is closed'
    from closed join transactions t on coalesce(t.source_wallet_id, t.destination_wallet_id) = closed.id
    where t.status in ('created', 'pending_confirmation')
    union all
    select c.id::text, 'is ' || c.status || ', and the wallet ' || closed.id || ' is closed'
    from closed join cards c on c.wallet_id = closed.id
    where c.status <> 'closed'
    union all
    select r.id::text, 'is pending, and the wallet ' || closed.id || ' is closed'
    from money_requests r
    cross join lateral (values (r.payer_wallet_id), (r.requester_wallet_id)) side(wallet_id)
    join closed on closed.id = side.wallet_id
    where r.status = 'pending' and (r.created_at > closed.at or closed.swept)
    """,
)
"""The sweeper cancels the requests that a closed wallet made about a second after it is closed, and a backup may be
taken in that second. So such requests count as errors only when money has moved at least an hour later: then a server
was running, and its sweeper had enough time."""

CLOSED_ACCOUNTS = Proof(
    "a wallet is closed exactly when its owner's account is closed, and a closed account has no session",
    """
    select u.id::text, case when u.closed_at is null then 'is open, but the wallet ' || w.id || ' is closed'
        else 'is closed, but the wallet ' || w.id || ' is ' || w.status end
    from users u join wallets w on w.id = u.wallet_id
    where (w.status = 'closed') <> (u.closed_at is not null)
    union all
    select u.id::text, 'is closed, but ' || count(*) || ' of its sessions did not end'
    from users u join sessions s on s.user_id = u.id
    where u.closed_at is not null and s.revoked_at is null and s.expires_at > u.closed_at group by u.id
    """,
)

PROOFS = (EMPTY, CLOSED_ACCOUNTS)
