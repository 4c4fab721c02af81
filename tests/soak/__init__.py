"""`make soak`: many random walks in memory, and a real installation under faults. docs/reliability.md has the figures
of a run.

    __main__.py     runs both parts side by side, and prints the figures
    in_memory.py    the rules against their model, without a database, in several processes
    over_http.py    customers at two servers while both and PostgreSQL are killed, and the check of what remains
    careless.py     customers who never repeat a request, so that some never know its outcome
    lean_client.py  an HTTP client for many connections
    site.py         two servers on one PostgreSQL, one of them behind a faulty line
    faults.py       the faults, and the loop that causes them
"""
