"""How a person comes, how they leave, and when they are locked out.

    form.py           the sign-up form, parsed and checked
    sign_up.py        a form becomes a user, a wallet, a session and a welcome bonus, in one unit of work
    welcome.py        who is given a welcome bonus, and how much
    welcome_bonus.py  pays the bonus that a verified address has earned
    verify_email.py   verifies an address, and pays that bonus
    lock_out.py       who is locked out: the owner of a wallet frozen for all
    close_wallet.py   closes a wallet after a last look at the password
    demo.py           makes the demo people, their wallets and payments, in a database that it opens
    models.py         the table of welcome bonuses
    repository/       the SQL

Knows what a new person needs from every package at once. Must never know GraphQL. It writes the first line of a
wallet's account itself, and the guards of the books check that line like any other.
"""
