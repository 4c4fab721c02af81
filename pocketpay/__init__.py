"""Pocket Pay, a wallet server. Each package imports only packages and modules below it in this list:

__main__.py      python -m pocketpay
cli/             the commands: serve, migrate, audit, operator and others
app.py           the Starlette application: routes, middleware, and the services that run as long as the server
serving/         HTTP, websockets, and the execution of GraphQL
api/             the GraphQL schema: types, queries, mutations, subscriptions
explorer/        GraphiQL and the web app, served by this server
operations/      the operators' actions and queries
onboarding/      sign-up, closing a wallet, demo people
reconciliation/  the files of banks, compared with the books
importing/       the import from Supabase: users, their opening balances, and the report of an import
payments/        the operations that move money, each with its rules: pay, refund, deposit, withdraw, use a card
clearing/        decides instructions by the current terms and executes many of them in one unit of work
operator_log/    the permanent record of operators' actions
transactions/    the customer's view of a payment: its status, history, statement, limits
requests/        money requests
cards/           virtual cards
bank_accounts/   linked bank accounts, the orders through them, and what banks take back
wallets/         wallets: their balance and status
ledger/          the books: accounts and entries
identity/        users, passwords, sessions, tokens
banking/         banks: the protocol of a provider, the simulated bank, and one on Stripe Connect
mail/            mail and text messages to users: an outbox, and the sender that empties it
settings.py      the typed settings, read from the environment
risk/            the risk rules: pure functions from facts to a verdict, each rule with its own settings
updates/         change signals, sent after the commit: ids and versions, never rows
database/        connections, units of work, migrations, the embedded PostgreSQL
amounts.py       the format of money in settings
money.py         amounts in minor units with a currency
text/            checks of text: allowed characters, visible characters, characters that look alike
tracing/         traces in the format of OpenTelemetry, when the OTEL_ variables ask for them
measures.py      the histograms that packages fill, and that the metrics read
quick_init.py    a faster `__init__` for frozen dataclasses that each payment creates
errors.py        the base classes of every expected error
version.py       the version of the installed package

Decision 19 gives the reasons.
"""
