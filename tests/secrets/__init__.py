"""Secrets are only where they belong: no log, error, row, process or metric contains one.

fields.py          which strings of the schema are secret; the others are listed too
planted.py         known secrets of a test, and the search for them
verbs.py           a request for each mutation that takes or returns a secret
test_fields.py     every string of the schema, every setting and every dataclass is classified
test_verbs.py      secrets go through every such mutation, with faults in the database and in the code
test_processes.py  a server process: its children, its files, PostgreSQL's log, the command line
test_redaction.py  removing secrets from a message
"""
