"""The SQL of bank accounts, of the orders through them, and of returns.

accounts.py   linked bank accounts
orders.py     the orders through them, and which of them are due to be asked about
returns.py    what banks have taken back
proofs.py     the audit's proofs
"""
