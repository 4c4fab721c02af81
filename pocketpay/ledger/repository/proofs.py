"""The proofs of laws 1 to 4. Each proof is a query; every row that it returns is a violation.

Sums are numeric, because amounts that somebody has changed by hand may not fit into 64 bits.
"""

from pocketpay.database.findings import GIVEN, Proof, guarded, in_force, only_owner_may_change
from pocketpay.ledger.repository import added

_CONSERVATION = """
    select transaction_id::text, 'its entries sum to ' || sum(amount) || ' ' || currency
    from ledger_entries group by transaction_id, currency having sum(amount) <> 0
    """

CONSERVATION = Proof(
    "law 1: the entries of a transaction sum to zero",
    _CONSERVATION,
    since=f"with {GIVEN}, {added.LEGS} {_CONSERVATION}",
)

NOTHING_OVERSPENT = Proof(
    "law 2: no wallet spends or holds more than it has",
    """
    select id::text, 'posted ' || posted || ', held ' || held
    from ledger_accounts where held < 0 or (kind = 'wallet' and posted < held)
    """,
)

GUARDED = guarded(
    "law 3: the triggers of the ledger are in force",
    ("ledger_accounts", "ledger_accounts_immutable", "f3b4ad1e21c86e6294702e9e7aca6a83"),
    ("ledger_accounts", "ledger_accounts_never_removed", "0782cbc5f344456953cb30d35ed8fb87"),
    ("ledger_accounts", "ledger_accounts_never_truncated", "121116f24376576e8ce52a2b5441cd30"),
    ("ledger_entries", "ledger_entries_guard", "ab6340eaf7ee065eb6c79260d3eb07e8"),
    ("ledger_entries", "ledger_entries_never_rewritten", "72812711366ed5ad8def9081ad595d33"),
    ("ledger_entries", "ledger_entries_never_truncated", "d538deaf2a54e0bd6411f57a02d527a6"),
)

CONSTRAINED = in_force(
    "law 3: the constraints of the ledger are in force",
    constraints=(
        *("pk_ledger_accounts", "uq_ledger_accounts_id_currency_kind", "ck_ledger_accounts_kind_known"),
        *("ck_ledger_accounts_available_not_negative", "ck_ledger_accounts_held_not_negative"),
        *("ck_ledger_accounts_house_carries_no_balance", "ck_ledger_accounts_version_counts_every_change"),
        *("pk_ledger_entries", "uq_ledger_entries_account_sequence", "uq_ledger_entries_transaction_account"),
        *("ck_ledger_entries_amount_not_zero", "ck_ledger_entries_balance_not_negative"),
        "ck_ledger_entries_wallets_are_chained",
    ),
    unique_indexes=("uq_ledger_accounts_kind_currency_house",),
)

COMPLETE = Proof(
    "law 3: no column of the ledger is empty, except the sequence and balance of house entries",
    """
    select attrelid::regclass || '.' || attname, 'may be empty'
    from pg_attribute
    where attrelid in ('ledger_accounts'::regclass, 'ledger_entries'::regclass) and attnum > 0 and not attisdropped
      and not attnotnull and (attrelid, attname) not in (
          ('ledger_entries'::regclass, 'sequence'), ('ledger_entries'::regclass, 'balance_after'))
    """,
)

ONLY_THE_OWNERS = only_owner_may_change(
    "law 3: only the owner of the table has the right to rewrite entries", "ledger_entries"
)


def _chain(entries: str) -> str:
    """Returns the query that checks the chain of these entries. An entry that is `proved` was checked before: it is
    only compared with the entry after it."""
    return f"""
    select e.id::text, concat('entry ', e.sequence, ' of account ', e.account_id, ': ', case
        when a.id is null then 'no such account'
        when a.currency <> e.currency or a.kind <> e.kind then 'its account is ' || a.kind || ' in ' || a.currency
        when e.kind <> 'wallet' then 'a house account carries no chain'
        when e.sequence is distinct from coalesce(e.last_sequence, 0) + 1 then 'the one before is '
            || coalesce(e.last_sequence::text, 'missing')
        when e.balance_after is distinct from e.expected then 'its balance is '
            || coalesce(e.balance_after::text, 'missing') || ', not ' || e.expected
        else 'it is older than the one before' end)
    from (
        select *, lag(sequence) over chain as last_sequence, lag(created_at) over chain as last_created,
            coalesce(lag(balance_after) over chain, 0)::numeric + amount as expected
        from {entries} window chain as (partition by account_id order by sequence)) e
    left join ledger_accounts a on a.id = e.account_id
    where not e.proved and (a.id is null or a.currency <> e.currency or a.kind <> e.kind
       or (e.kind <> 'wallet' and (e.sequence is not null or e.balance_after is not null))
       or (e.kind = 'wallet' and (
              e.sequence is distinct from coalesce(e.last_sequence, 0) + 1
           or e.balance_after is distinct from e.expected
           or e.created_at < e.last_created)))
    """


CHAIN = Proof(
    "law 4: a wallet's entries have no gap, and none is older than the one before",
    _chain("(select *, false as proved from ledger_entries)"),
    since=f"with {GIVEN}, {added.ADDED_ENTRIES}, {added.CHAINS} {_chain('chains')}",
)

PROJECTION = Proof(
    "law 4: a wallet's balance is the sum of its entries",
    """
    select a.id::text, 'posted ' || a.posted || ' at ' || a.sequence || ', but its entries sum to '
        || coalesce(e.total, 0) || ' at ' || coalesce(e.newest, 0)
    from ledger_accounts a
    left join (
        select account_id, sum(amount) as total, max(sequence) as newest
        from ledger_entries group by account_id) e on e.account_id = a.id
    where a.kind = 'wallet' and (a.posted <> coalesce(e.total, 0) or a.sequence <> coalesce(e.newest, 0))
    """,
    since=f"""
    with {GIVEN}, {added.ADDED_ENTRIES}
    select a.id::text, 'posted ' || a.posted || ' at ' || a.sequence || ', but its entries sum to '
        || coalesce(c.posted, 0) + coalesce(e.total, 0) || ' at ' || coalesce(e.newest, c.sequence, 0)
    from ledger_accounts a
    left join audit_accounts c on c.account_id = a.id
    left join (
        select account_id, sum(amount) as total, max(sequence) as newest
        from added_entries group by account_id) e on e.account_id = a.id
    where a.kind = 'wallet' and (a.posted <> coalesce(c.posted, 0) + coalesce(e.total, 0)
       or a.sequence <> coalesce(e.newest, c.sequence, 0))
    """,
)

LAST_CHANGE = Proof(
    "law 4: the last change of a wallet's account is not before its newest entry",
    """
    select a.id::text, 'changed last at ' || a.updated_at || ', its newest entry is of ' || e.created_at
    from ledger_accounts a join ledger_entries e on e.account_id = a.id and e.sequence = a.sequence
    where e.created_at > a.updated_at
    """,
)
"""The next entry is never earlier than the account's last change, so entries in order of sequence are in order of
time (CHAIN)."""

PROOFS = (
    CONSERVATION,
    NOTHING_OVERSPENT,
    GUARDED,
    CONSTRAINED,
    COMPLETE,
    ONLY_THE_OWNERS,
    CHAIN,
    PROJECTION,
    LAST_CHANGE,
)
