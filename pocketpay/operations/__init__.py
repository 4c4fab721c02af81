"""The work of operators: their actions, and the data they read.

    roles.py                 the operator role: checked, granted, revoked
    customers.py             finding a customer, and locking one
    begin_recovery.py        mails a code that sets a new password to a customer who is locked out
    verify_customer_email.py marks the email address of a customer as verified
    end_sessions.py          ends every session of a customer
    freeze_wallet.py         freezes a wallet, for debits or for all
    unfreeze_wallet.py       unfreezes a frozen wallet
    reverse_transaction.py   refunds a transaction, in full or in part
    reconcile_bank_file.py   imports a bank's file and compares it with the books
    close_bank_difference.py closes a difference between a bank's file and the books
    risk_settings.py         risk settings that operators set in place of the environment's
    pending.py               held payments and unsettled orders, of any owner
    audit.py                 proves that the ledger is correct, in one snapshot
    guards.py                proofs that PostgreSQL's triggers and constraints of payments are in force
    stamps.py                the proof that no time lies in the future
    checkpoint.py            the checkpoint from which an incremental audit continues, and the reasons to refuse it
    recorded_audit.py        the command `pocketpay audit`: whole or incremental, printed and recorded
    audits.py                the audit on a running server, bounded and one at a time
    figures.py               values of the metrics that need the database, read every ten seconds at most
    services.py              the services that the operators' endpoints use, one set for each server
    errors.py                why a customer cannot be helped
    models.py                the tables of the audit's record
    repository/              its SQL

Every act is written to the operator log in its own unit of work. Money moves through the clearing, as for customers.
"""
