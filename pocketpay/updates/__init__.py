"""Updates: what changed, sent after the commit.

    a unit of work ──pg_notify──► PostgreSQL ──on commit──► every server's listener ──► its hub ──► subscribers

    signals.py    what a unit of work sends, and how it is written into the payload of a notification
    listener.py   this server's one LISTEN connection: heartbeat, reconnect, what was missed
    hub.py        who on this server is interested in what
    feed.py       the present state of objects by id, read once for all local subscribers
    changes.py    every change of an owner's objects, read the same way, none lost
    pump.py       the task that reads for them, one read at a time

A signal is a hint: ids and versions, never rows. A subscriber reads the present state itself. Must never know what a
wallet or a transaction holds, who may see it, or GraphQL.
"""
