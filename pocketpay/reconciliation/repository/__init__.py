"""The SQL of reconciliation.

files.py         writes files and lines, and reads the books that they are compared with
differences.py   writes, reads and closes differences
proofs.py        the audit's proofs
"""
