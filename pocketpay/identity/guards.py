"""The trigger that makes columns of users immutable in PostgreSQL. The audit checks that it is in force."""

IMMUTABLE = ("users", "users_immutable", "b69e49b0dca99a3d334c88ec3df9fd66")
"""The table, its trigger, and the MD5 of the trigger's function; see `database.findings.guarded`."""
