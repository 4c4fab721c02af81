"""Other GraphQL servers that make payments, to measure beside Pocket Pay in one run of `make bench`.

ledger.sql           the smallest double-entry ledger: accounts, transfers, entries, and one function that pays
ledger.py            makes a database with it
strawberry_server.py Strawberry on asyncpg, as its documentation shows; CACHED=1 adds its parser and validation caches
mercurius/           Mercurius on Fastify, with its compiler of documents (JIT); `make bench` installs it from npm

Each payment is one call of the function and one commit. A peer checks no token, no idempotency key, no risk rule and
no limit, writes no notification, and keeps no history that a customer can search: it shows what the frameworks cost.
"""
