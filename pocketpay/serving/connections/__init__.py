"""The connections of one server: how many there may be, and how long each may take for what.

    limits.py       the numbers: sizes, times, connections in all and of one address
    waiting.py      connections that wait for the same thing, the longest first
    connections.py  all connections that are open: admits, counts, closes what has waited too long
    protocol.py     HTTP on one connection: uvicorn's protocol with these limits
    websocket.py    what an upgraded connection is: uvicorn's protocol, counted until it is lost
    refusals.py     the answers to what never becomes a request

A stranger needs no token to open a connection, so nothing here trusts the other side.
"""
