"""The SQL of the operators' log.

acts.py      writing and reading acts
proofs.py    what the audit proves about them
"""
