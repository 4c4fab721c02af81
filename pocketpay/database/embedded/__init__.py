"""The embedded PostgreSQL: a cluster in the data directory, used when DATABASE_URL is not set.

    server.py        starts, watches and stops it; any number of processes may share one data directory
    cluster.py       one cluster: its files, its configuration, its postmaster
    programs.py      PostgreSQL's programs, and the system user they run as when we are root
    readiness.py     whether it accepts connections; makes the server's login and database
    lock_files.py    file locks between processes
    secret_key.py    the key that signs tokens, kept in the same data directory

Knows processes, files and modes. Must never know a table.
"""
