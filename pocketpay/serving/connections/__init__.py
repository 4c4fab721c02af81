"""The connections of one server: limits for their number, and for the time that each may take.

    limits.py         the numbers: sizes, times, connections in total and per address
    stage.py          the connections in one stage, ordered by the time they entered it
    connections.py    all connections: admits and counts them, closes those that exceed a time limit
    worker_counts.py  how many connections each worker has
    acceptor.py       accepts connections, so that all workers have the same number
    protocol.py       one connection: uvicorn's HTTP protocol with these limits
    plain_post.py     POST /graphql that arrives in one piece with a plain head: no parser is needed
    websocket.py      one websocket: uvicorn's protocol, counted as a connection until it is lost
    refusals.py       responses to connections that never send a complete request

Opening a connection needs no token, so nothing here trusts the client.
"""
