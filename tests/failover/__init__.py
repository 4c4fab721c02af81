"""Failovers: nodes of one PostgreSQL cluster that replicate, and what servers do when the primary changes.

nodes.py           nodes on this machine: a primary and standbys, promoted, frozen, killed
watching.py        customers who look at their wallets all the time
test_connect.py    which host a connection is opened to
test_failover.py   a server during failovers
__main__.py        `make failover`: the same and more on a cluster that Patroni manages
patroni.py         that cluster
relay.py           a relay between its nodes that can be cut
"""
