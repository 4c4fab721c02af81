"""Access to PostgreSQL, and the embedded PostgreSQL that a server starts itself.

    sessions.py      connections and units of work
    connecting.py    opens a connection to the host that accepts writes, with the server's settings
    traced.py        a connection with a span for each statement, for a server that traces
    address.py       the hosts of DATABASE_URL
    availability.py  why the database cannot be reached: causes, counts, log lines
    timelines.py     recognises a former primary that does not know that another one was promoted
    connection_count.py    how many connections each process of a server holds
    poolers.py       finds a connection pooler in transaction mode
    clocks.py        the difference between this machine's clock and the database's
    commits.py       the end of a unit of work: a COMMIT is never cancelled
    held.py          connections that stay open and are lent to callers
    turns.py         a fair order of waiting when there are more callers than connections
    joined.py        combines reads that are requested at the same time into one
    loops.py         logs the errors of an endless loop, and counts its runs
    uuids.py         new ids, of the driver's class
    times.py         a faster conversion of times, for the clearing's connections
    arrays.py        many rows as the arguments of one statement
    composites.py    many rows as one argument, an array of a composite type
    snapshots.py     one consistent snapshot of the whole database, for long reads
    failures.py      the meaning of PostgreSQL's errors for a unit of work
    errors.py        the database is unavailable, or has another revision
    sweeping.py      sweepers that delete old rows, one server at a time
    findings.py      the proofs of the audit: queries that return one row for each violation
    models.py        the column types that every table uses
    migrations.py    migrates a database to this server's revision
    revisions.py     the revision of a database, and the one this server expects
    startup.py       the checks of the database before a server starts
    roles.py         the roles of PostgreSQL and the purpose of each
    grants.py        the privileges that the migrations state, and the repair of a database that lacks some
    backups/         writes backups, and restores them into an empty database
    embedded/        the PostgreSQL that the server runs itself when DATABASE_URL is not set

This package handles connections, units of work and migrations. It must not depend on any table: tables are in the
models and repositories of their packages.
"""
