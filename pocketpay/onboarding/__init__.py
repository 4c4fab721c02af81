"""Signing up, closing a wallet, welcome bonuses, and the lock-out of owners of frozen wallets.

    form.py           the sign-up form, parsed and checked
    sign_up.py        creates a user, a wallet, a session and a welcome bonus from a form, in one unit of work
    welcome.py        the rules of the welcome bonus: who gets it, and how much
    welcome_bonus.py  pays the bonus for a verified address
    verify_email.py   verifies an address, and pays that bonus
    lock_out.py       locks out the owner of a wallet that is frozen for all payments
    close_wallet.py   closes a wallet after a check of the password
    demo.py           creates the demo people, their wallets and payments, in a database that it opens
    models.py         the table of welcome bonuses
    repository/       the SQL

This package writes the rows of a new person in the tables of several packages. It must not depend on GraphQL. It
writes the first entry of a wallet's account itself; the database's constraints and triggers check it like every other
entry.
"""
