"""The operator log: who did what, when, to which object, and why. Entries are never changed.

    act.py         one act of an operator, and the operator who acts
    errors.py      why an act is refused because of the operator
    listing.py     the log, newest first
    audit.py       the proofs: each act has its effect, each effect has its act, and no act can be changed
    models.py      the table
    repository/    the SQL

An act is written in the unit of work that has its effect. This package must not depend on how an act is carried out.
"""
