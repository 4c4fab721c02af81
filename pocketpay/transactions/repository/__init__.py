"""The SQL of transactions.

rows.py              turns a row into a Transaction
lookups.py           transactions by id
history.py           a wallet's history, refunds, counterparties
search_blocks.py     blocks of descriptions, with which a search skips parts of a history
statement.py         the lines of a statement
changes.py           the reads of live feeds
usage.py             how much of their limits wallets have used
waiting.py           held payments and unsettled orders, of any owner
unfinished.py        counts and sums of unfinished payments, for the metrics
proofs.py            the audit's proofs about transactions
added.py             the rows made or changed since the checkpoint of an incremental audit
request_proofs.py    its proofs about money requests and their payments
card_proofs.py       its proofs about cards and their payments
closed_proofs.py     its proofs about closed wallets and their owners
"""
