"""The connections of one server: how many there may be, and how long each may take for what.

    limits.py       the numbers: sizes, times, connections in all and of one address
    waiting.py      connections that wait for the same thing, the longest first
    connections.py  all connections together: admits, counts, closes those that have waited too long
    protocol.py     one connection, its place and its stage: uvicorn's HTTP protocol with these limits
    plain_post.py   requests that need no parser: POST /graphql, whole, with a plain head
    websocket.py    what an upgraded connection is: uvicorn's protocol, counted until it is lost
    refusals.py     the answers to what never becomes a request

A stranger needs no token to open a connection, so nothing here trusts the other side.
"""
