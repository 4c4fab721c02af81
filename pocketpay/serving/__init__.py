"""HTTP, websockets, and the execution of GraphQL: everything between a request and its response.

    POST             ─► handler ─┐   (with Accept: text/event-stream ─► event_streams)
    GET              ─► view ────┼─► documents: parse, validate, limits; cached by text ─► execution ─► resolvers
    websocket        ─► sockets ─┘

    connections/       HTTP on one connection, with limits that apply before a request is complete
    handler.py         POST /graphql
    http.py            GraphQL over HTTP: checks requests, sends responses
    request_ids.py     new request ids
    headers.py         the headers of all other responses
    view.py            GET /graphql, the explorer's page, and websocket handshakes
    sockets.py         one websocket of graphql-transport-ws
    event_streams.py   POST /graphql that is answered with server-sent events
    credentials.py     the access token in connection_init
    frames.py          the JSON messages on a websocket
    origins.py         which browser pages may talk to the server (CORS, websockets)
    cookies.py         refresh tokens in cookies: which requests may use them
    registry.py        the open websockets and event streams of this server
    server_context.py  what the endpoints share: the viewer of a request, rate limits
    documents.py       documents that are parsed, validated and measured, in a cache
    validation.py      validates a document, within budgets
    reading.py         parses a document, with limits for its length
    lexer.py           a faster lexer for strings
    trusted.py         trusted documents: requests name them by id instead of sending the text
    new_documents.py   a queue that limits the time spent on new documents
    limits.py          limits for depth, fields and cost of a document
    variables.py       checks the variables of a request
    execution.py       executes a prepared operation
    traced.py          executes an operation with a span, for a server that traces
    subscription_events.py  the responses of a subscription, for websockets and event streams
    direct_push.py     sends events to a websocket without waking their subscription's task
    plans.py           compiled plans for operations with one root field
    executor.py        graphql-core's executor, with a fast path for plain fields
    resolvers.py       resolvers whose arguments are prepared when the schema is built
    failures.py        top-level errors and their codes
    input_paths.py     the path of a malformed value within a request
    health.py          liveness, readiness, and the metrics endpoint
    metrics.py         the metrics of this process
    measured.py        the metrics of the services: database, clearing, updates, mail, background work
    tags.py            the names of an operation in metrics and log
    exposition.py      the sum over several workers, and the text for Prometheus
    exchange.py        collects the metrics of all workers through their supervisor
    log.py             the log: JSON lines with a list of allowed fields
    redaction.py       removes secrets from messages that are logged
    downloads.py       limits how many files are downloaded at a time
    statement_csv.py   a month of a wallet as a CSV file
    spreadsheet.py     CSV that is safe to open in a spreadsheet
    stripe_webhooks.py  the events of Stripe, which bring orders and links up to date

Builds the context of each request. Contains no rule about money.
"""
