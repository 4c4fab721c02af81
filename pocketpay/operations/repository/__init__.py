"""The SQL of the audit's record.

audit_runs.py     the results of recorded audits
checkpoints.py    the checkpoint from which an incremental audit continues
"""
