"""All SQL of the books: what a unit of work posts, and what an audit proves.

Only the ledger and the clearing may use it: nobody else writes into the books.
"""
