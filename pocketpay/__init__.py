"""Pocket Pay, a wallet server. Each package imports only those below it:

__main__.py      python -m pocketpay
cli/             the commands: serve, migrate, audit, operator and others
app.py           the Starlette application: routes, middleware, what lives as long as the server
serving/         HTTP, websockets, and the execution of GraphQL
api/             the GraphQL schema: types, queries, mutations, subscriptions
explorer/        GraphiQL, served by ourselves
operations/      what operators do and see
onboarding/      sign-up, closing a wallet, demo people
importing/       people from Supabase, their opening balances, and what an import reports
payments/        the verbs, each with its rule: pay, ask for money, refund, deposit, withdraw, use a card
clearing/        decides by the terms of now, and carries instructions out, many in one unit of work
operator_log/    what operators did
transactions/    what a customer sees of a payment: its state, history, statement, limits
requests/        asking for money
cards/           virtual cards
wallets/         what a customer owns
ledger/          the books: accounts and entries
identity/        who is asking: users, passwords, sessions, tokens
mail/            tells users by mail: an outbox, and the sender that empties it
settings.py      the typed environment
risk/            pure judgement: facts in, verdict out; each rule with its own settings
updates/         what changed, sent after the commit: ids and versions, never rows
database/        connections, units of work, migrations, the embedded PostgreSQL
amounts.py       money as a setting writes it
money.py         minor units and a currency
text/            the characters of a text: which it may have, what they show, what they look like
errors.py        the roots of every expected error

Decision 19 gives the reasons.
"""
