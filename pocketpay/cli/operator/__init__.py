"""`pocketpay operator …`: what operators do, on the database, beside any servers that run on it.

    actions.py   grant, revoke, freeze, unfreeze, reverse
    helping.py   recover, verify-email, end-sessions: for customers who are locked out
    inspect.py   find, pending, actions
    customer.py  sessions, transactions: of one customer
    risk.py      settings of risk: shown, set, cleared
    console.py   finds the database, does one thing, says how it ended
    tables.py    plain tables
    rows.py      transactions as rows of a table

They call the same functions as the GraphQL mutations, and each act is recorded: the operator is the login name here.
Running servers hear of it as of one another.
"""

import typer

from pocketpay.cli.operator.actions import actions
from pocketpay.cli.operator.customer import customer
from pocketpay.cli.operator.helping import helping
from pocketpay.cli.operator.inspect import inspect
from pocketpay.cli.operator.risk import risk

operator = typer.Typer(
    help="Commands for operators: find customers, freeze wallets, reverse transactions, help customers, change risk "
    "settings.",
    no_args_is_help=True,
)
operator.add_typer(actions)
operator.add_typer(helping)
operator.add_typer(inspect)
operator.add_typer(customer)
operator.add_typer(risk, name="risk")
