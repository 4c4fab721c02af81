"""What operators do, and what they see.

    roles.py                 who is an operator
    customers.py             finding a customer
    freeze_wallet.py         stops a wallet, for debits or for everything
    unfreeze_wallet.py       lets a frozen wallet go
    reverse_transaction.py   gives back a transaction, all that is left of it or a part
    risk_settings.py         settings of risk that operators put over the environment's
    pending.py               held payments and unsettled orders, of any owner
    audit.py                 the proof of the books, in one snapshot
    guards.py                the proofs that PostgreSQL's guards of payments are in force
    stamps.py                the proof that nothing lies in the future
    audits.py                the same on a running server, bounded and one at a time
    office.py                what the endpoints of operators hold, one for each server

Every act is written to the operators' log in its own unit of work. Money moves through the clearing, like everyone's.
"""
