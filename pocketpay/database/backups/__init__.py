"""Backups of a database, and restoring them into an empty one.

    file.py          the file of a backup: how it is written
    source.py        a file to restore: a backup, or a dump of pg_dump; checks it before anything is changed
    plain_dump.py    a plain dump of pg_dump: what is in it, and the statements that are executed
    tools.py         runs pg_dump, pg_restore and psql on the database of an address
    contents.py      what a database has: its revision, or that it is empty
    restore.py       restores into an empty database, or into the data directory of the embedded one

A dump has no roles, and names owners and grants of the cluster that it came from. So a restore creates our roles
first, leaves out owners and grants, and then has `migrations` put back the grants that our migrations state.

Decision 60 gives the reasons.
"""
