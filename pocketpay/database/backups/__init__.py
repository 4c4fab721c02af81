"""Backups of a database, and restoring them into an empty one.

    file.py          the file of a backup: how it is written
    source.py        a file to restore: a backup, or a dump of pg_dump; checks it before anything is changed
    plain_dump.py    a plain dump of pg_dump: its revision, and the statements that are executed
    tools.py         runs pg_dump, pg_restore and psql on the database of an address
    contents.py      reads the revision of a database, or that it is empty
    restore.py       restores into an empty database, or into the data directory of the embedded one

A dump contains no roles, but owners and grants of its own cluster. So a restore creates the roles of Pocket Pay
first, leaves out owners and grants, and then `migrations` grants the privileges that the migrations state.

Decision 60 gives the reasons.
"""
