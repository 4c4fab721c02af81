"""The trigger that makes columns of imported people immutable. The audit checks that it is in force."""

IMMUTABLE = ("imported_users", "imported_users_immutable", "55584ffe1c2deeb86b47785c821976e4")
"""The table, its trigger, and the MD5 of the trigger's function; see `database.findings.guarded`."""
