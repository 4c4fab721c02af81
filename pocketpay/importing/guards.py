"""What PostgreSQL itself refuses to write about imported people. The audit proves that it is in force."""

IMMUTABLE = ("imported_users", "imported_users_immutable", "55584ffe1c2deeb86b47785c821976e4")
"""Table, trigger, and the MD5 of what it does: see `database.findings.guarded`."""
