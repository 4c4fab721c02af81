"""The database room: how this process reaches PostgreSQL, and PostgreSQL itself where nobody else runs it.

Knows connections, units of work, the embedded server, migrations, and what PostgreSQL's errors mean.
Must never know a table: those live in the rooms' own models and repositories.
"""
