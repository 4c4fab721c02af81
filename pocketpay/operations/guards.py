"""The proofs that PostgreSQL's triggers and constraints of payments are in force, and that only the owner of the
tables writes the record of audits. Each package lists its own triggers and constraints in `guards.py`.

Decision 28 gives the reasons, Decision 46 those for the guards of references, and Decision 67 those for the record.
"""

from pocketpay.cards import guards as cards
from pocketpay.clearing import guards as clearing
from pocketpay.database.findings import guarded, in_force, only_owner_may_change
from pocketpay.identity import guards as identity
from pocketpay.importing import guards as importing
from pocketpay.requests import guards as requests
from pocketpay.transactions import guards as transactions
from pocketpay.wallets import guards as wallets

LIFECYCLE = guarded(
    "the triggers of the statuses of transactions, money requests and cards are in force",
    transactions.LIFECYCLE,
    requests.LIFECYCLE,
    cards.LIFECYCLE,
)

IMMUTABLE = guarded(
    "the triggers of columns that never change are in force",
    *(transactions.IMMUTABLE, requests.IMMUTABLE, cards.IMMUTABLE, wallets.IMMUTABLE, clearing.IMMUTABLE),
    *(identity.IMMUTABLE, importing.IMMUTABLE),
)

REFERENCES = guarded(
    "the triggers that replace foreign keys are in force",
    *(*transactions.REFERENCES, *wallets.REFERENCES),
)

CONSTRAINED = in_force(
    "the constraints of transactions, keys, usage, wallets and cards are in force",
    constraints=(*transactions.CONSTRAINTS, *clearing.CONSTRAINTS, *wallets.CONSTRAINTS, *cards.CONSTRAINTS),
    unique_indexes=(*wallets.UNIQUE_INDEXES, *transactions.UNIQUE_INDEXES),
)

AUDITS_ARE_THE_OWNERS = only_owner_may_change(
    "only the owner of the tables has the right to write the record of audits and its checkpoint",
    *("audit_runs", "audit_laws", "audit_accounts"),
    insert=True,
)

PROOFS = (LIFECYCLE, IMMUTABLE, REFERENCES, CONSTRAINED, AUDITS_ARE_THE_OWNERS)
