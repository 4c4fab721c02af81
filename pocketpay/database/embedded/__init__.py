"""The embedded PostgreSQL: a cluster in the data directory, used when DATABASE_URL is not set.

    server.py        starts, watches and stops PostgreSQL; several processes can share one data directory
    cluster.py       one cluster: its files, its configuration, its postmaster
    programs.py      PostgreSQL's programs, and the system user they run as when this process runs as root
    readiness.py     whether PostgreSQL accepts connections; creates the server's login and database
    lock_files.py    file locks between processes
    secret_key.py    the key that signs tokens, stored in the same data directory

This package handles processes, files and permissions. It must not depend on any table.
"""
