"""What operators do, and what they see.

    roles.py                 who is an operator
    customers.py             finding a customer, and locking one
    begin_recovery.py        mails a code that sets a new password to a customer who is locked out
    verify_customer_email.py declares that an email address belongs to the customer
    end_sessions.py          ends every session of a customer
    freeze_wallet.py         stops a wallet, for debits or for everything
    unfreeze_wallet.py       lets a frozen wallet go
    reverse_transaction.py   gives back a transaction, all that is left of it or a part
    risk_settings.py         settings of risk that operators put over the environment's
    pending.py               held payments and unsettled orders, of any owner
    audit.py                 the proof of the books, in one snapshot
    guards.py                the proofs that PostgreSQL's guards of payments are in force
    stamps.py                the proof that nothing lies in the future
    audits.py                the same on a running server, bounded and one at a time
    services.py               what the endpoints of operators hold, one for each server
    errors.py                why a customer cannot be helped

Every act is written to the operators' log in its own unit of work. Money moves through the clearing, like everyone's.
"""
