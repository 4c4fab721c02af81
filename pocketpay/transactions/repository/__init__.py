"""The SQL of transactions.

rows.py              a row becomes a Transaction
lookups.py           transactions by id
history.py           a wallet's history, refunds, counterparties
statement.py         the lines of a statement
changes.py           what live feeds read
usage.py             what wallets have used of their limits
waiting.py           held payments and unsettled orders, of any owner
proofs.py            what the audit proves
request_proofs.py    the same between money requests and their payments
card_proofs.py       the same between cards and their payments
closed_proofs.py     what it proves of closed wallets and their owners
"""
