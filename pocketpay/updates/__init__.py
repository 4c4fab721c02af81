"""Updates: what changed, sent after the commit.

    a unit of work ──pg_notify──► PostgreSQL ──on commit──► every server's listener ──► its hub ──► subscribers

    signals.py    the signal of a unit of work, and its format in the payload of a notification
    listener.py   this server's one LISTEN connection: heartbeat, reconnect, gaps
    hub.py        passes each signal to the subscribers on this server
    feed.py       the current state of objects by id, read once for all local subscribers
    changes.py    every change of an owner's objects, read once for all local subscribers; none is lost
    pump.py       the task that reads for them, one read at a time

A signal is a hint: it holds ids and versions, never rows. A subscriber reads the current state itself. This package
must not depend on the fields of wallets or transactions, on who may see them, or on GraphQL.
"""
