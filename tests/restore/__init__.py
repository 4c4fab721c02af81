"""The recipes of docs/operations.md for backups, with real clusters: `make restore` runs them.

    books.py                  payments, their checksum, and the audit
    clusters.py               PostgreSQL clusters of an administrator: created, archived, restored, upgraded
    test_new_cluster.py       dumps and backups restored into a new cluster
    test_point_in_time.py     a base backup and the archived log, up to a moment
    test_upgrade.py           pg_upgrade to a new cluster
    test_embedded.py          a backup of a running server, restored into another data directory

They start a dozen clusters, so the suite leaves them out. RESTORE=whole runs them.
"""
