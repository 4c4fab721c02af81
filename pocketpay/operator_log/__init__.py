"""What operators did: who, what, when, to what, and why. Entries are never rewritten.

    act.py         one act of an operator, and who may not act
    errors.py      why an act is refused because of who acts
    listing.py     the log, newest first
    audit.py       the proofs: each act has its effect and each effect its act, and nobody may rewrite one
    models.py      the table
    repository/    the SQL

An act is written in the unit of work that does it. Must never know how an act is done.
"""
