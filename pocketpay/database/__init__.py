"""How this process reaches PostgreSQL, and the PostgreSQL that it starts itself.

    sessions.py      connections and units of work
    commits.py       how a unit of work ends: a COMMIT is never cancelled
    held.py          connections kept open and lent, and what is done when one cannot be opened
    turns.py         whose turn it is when more want a connection than there are
    joined.py        reads that are requested at the same time, made as one
    loops.py         what a loop does when one of its turns fails
    arrays.py        many rows as the arguments of one statement
    snapshots.py     one consistent snapshot of the whole database, for long reads
    failures.py      what PostgreSQL's errors mean
    errors.py        the database is unavailable, or has another revision
    findings.py      what a proof of the audit is: a query whose every row is a violation
    models.py        the column types that every table uses
    migrations.py    brings a database to this server's revision
    revisions.py     which revision a database has, and which one this server expects
    startup.py       what a server checks before it serves
    roles.py         the roles of PostgreSQL and what each is for
    embedded/        the PostgreSQL that the server runs itself when DATABASE_URL is not set

Knows connections, units of work and migrations. Must never know a table: tables are in their packages' models and
repositories.
"""
