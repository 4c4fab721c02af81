"""Pocket Pay, a wallet server. The rooms, each looking only at those below it:

__main__      python -m pocketpay
cli           the verbs: serve, migrate, audit, operator and the others
app           the Starlette application: routes, middleware, what lives as long as the server
serving       HTTP, websockets, and the execution of GraphQL
api           the GraphQL schema: types, queries, mutations, subscriptions
explorer      GraphiQL, served by ourselves
operations    what those who run it may do, and the record of it
onboarding    how a person comes and goes
importing     people from Supabase, with what they had
payments      the verbs that move money, each with its rule
clearing      carries instructions out, many in one unit of work
operator_log  what operators did
transactions  what a customer sees of a payment: its state, history, statement, limits
requests      asking for money
cards         virtual cards
wallets       what a customer owns
ledger        the books: accounts and entries
risk          pure judgement: facts in, verdict out
identity      who is asking: users, passwords, sessions, tokens
updates       what changed, told after the commit: ids and versions, never rows
database      connections, units of work, migrations, the embedded PostgreSQL
settings      the typed environment
money         minor units and a currency
errors        the roots of everything that goes wrong on purpose
"""
