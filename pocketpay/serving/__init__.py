"""How a request becomes an answer: HTTP, websockets, and the execution of GraphQL.

    POST             ─► handler ─┐
    GET              ─► view ────┼─► documents: parse, validate, limits, once for each text ─► execution ─► resolvers
    websocket        ─► sockets ─┘

    connections/       HTTP on a connection, with limits for everything that comes before a request
    handler.py         POST /graphql, in as few steps as possible
    http.py            what a request must look like, and how an answer is sent
    headers.py         the headers of every other answer
    view.py            GET /graphql, the explorer's page, and the way to websockets
    sockets.py         one websocket of graphql-transport-ws
    credentials.py     the access token that opens one
    frames.py          the messages on it
    origins.py         which browser pages may talk to the server (CORS, websockets)
    cookies.py         refresh tokens in cookies: which requests may use them
    registry.py        the open websockets of this server
    server_context.py  what the endpoints share: who is asking, how often they may
    documents.py       a request's text, parsed, validated and measured once
    reading.py         its text, parsed unless it is too long
    lexer.py           its tokens
    trusted.py         the documents of our own clients, which requests name
    new_documents.py   the turns of documents that are not prepared yet
    limits.py          how much a document may ask for
    variables.py       the variables of a request
    execution.py       carries a prepared operation out
    plans.py           what an operation with one root field answers, compiled from the schema
    executor.py        graphql-core's executor, with short paths for plain fields
    resolvers.py       resolvers whose arguments are prepared when the schema is built
    failures.py        top-level errors and their codes
    input_paths.py     where in a request a malformed value stands
    health.py          whether the server runs and can be given work, and its figures
    metrics.py         counters for Prometheus
    log.py             what the server logs
    downloads.py       how many files are told at a time, and who waits for a place
    statement_csv.py   a month of a wallet as a CSV file
    spreadsheet.py     CSV that is safe to open in a spreadsheet

Builds the context of each request. Must never know a rule about money.
"""
