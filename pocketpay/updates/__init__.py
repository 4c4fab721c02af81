"""Updates: what changed, told after commit.

    a unit of work ──pg_notify──► PostgreSQL ──on commit──► every server's listener ──► its hub ──► who is interested

    signals.py    what is told, and how it is written into a notification's payload
    listener.py   this server's one LISTEN connection: heartbeat, reconnect, what was missed
    hub.py        who on this server is interested in what
    feed.py       the present state of things by id, read again when signalled, once for all local subscribers
    changes.py    every change of an owner's things, the same way, none lost
    pump.py       the task that reads for them, one read at a time

A signal is a hint: ids and versions, never rows. Whoever hears it reads the present state for itself.
Knows ids, versions, channels. Must never know what a wallet or a transaction holds, who may see it, or GraphQL.
"""
