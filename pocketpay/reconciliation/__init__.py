"""Reconciliation: the file of a bank is compared with the house's bank account in the books. It never moves money.

    bank_file.py   a file and its lines, and the limits of both
    errors.py      why a file cannot be read
    reading.py     recognises the format of a file and reads it
    csv_file.py    CSV with named columns
    camt_file.py   camt.053, the XML of ISO 20022
    xml_tree.py    a small XML reader, without DTDs and entities
    values.py      amounts, dates and references in a file
    match.py       compares lines with the books
    difference.py  a difference, as operators see it
    listing.py     lists differences, and counts the open ones
    models.py      the tables
    guards.py      the triggers and constraints that the audit proves to be in force
    audit.py       the audit's proofs
    repository/    the SQL

The verbs are in `operations`: reconcile_bank_file.py and close_bank_difference.py. Decision 73 gives the reasons.
"""
