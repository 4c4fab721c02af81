"""The SQL of the books. Only the ledger and the clearing may import it: no other package writes to the books.

postings.py   the locks and postings of a unit of work
entries.py    the reads of entries
proofs.py     the proofs of the audit
added.py      the entries that were added since the checkpoint of an incremental audit
"""
