"""What PostgreSQL itself refuses to write about users. The audit proves that it is in force."""

IMMUTABLE = ("users", "users_immutable", "b69e49b0dca99a3d334c88ec3df9fd66")
"""Table, trigger, and the MD5 of what it does: see `database.findings.guarded`."""
