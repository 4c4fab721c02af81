"""The ledger: the books themselves. Accounts and their entries.

Knows accounts, postings, holds, and the four laws. Must never know a customer, a payment's reason or a risk:
what a transaction means is payments' business, the ledger only sees an id on both of its legs.
"""
