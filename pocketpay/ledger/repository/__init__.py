"""The SQL of the books. Only the ledger and the clearing may import it: no other package writes to the books.

postings.py   what a unit of work locks and posts
entries.py    reading entries
proofs.py     what the audit proves
"""
