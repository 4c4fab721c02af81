"""The API room: the GraphQL door. A file per verb or noun of the schema.

Knows Strawberry, HTTP, websockets, the words of every refusal, and how an id or an amount looks outside.
Must never know a rule about money, a line of SQL, or how a password is checked: a resolver translates what came in,
makes one call into a room below, and translates the answer.

A verb's or noun's file has its types and its resolvers, functions under `@strawberry.field`,
`@strawberry.mutation` or `@strawberry.subscription`, named as the schema names them. `schema.py` puts them together.

    request ─► handler (POST) ──────────► documents ─► graphql-core ─► resolvers ─► the rooms below
            └► view (GET), sockets ─────►  (parse, validate, limits: once for each text)
"""
