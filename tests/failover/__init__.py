"""Failovers: nodes of one PostgreSQL cluster that replicate, and what servers do when the primary changes.

nodes.py           nodes on this machine: a primary and standbys, promoted, frozen, killed
test_connect.py    which host a connection is opened to
test_failover.py   a server during failovers
"""
