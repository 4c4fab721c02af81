"""`pocketpay operator …`: the commands for operators. They use the database directly, also while servers run on it.

    actions.py   grant, revoke, freeze, unfreeze, reverse
    helping.py   recover, verify-email, end-sessions: for customers who are locked out
    inspect.py   find, pending, actions
    customer.py  sessions, transactions: of one customer
    bank.py      reconcile, differences, close-difference: the files of banks
    risk.py      shows, sets and clears risk settings
    console.py   opens the database and runs one command
    rows.py      transactions as rows of a table

The commands call the same functions as the GraphQL mutations. Each act is recorded, with the login name as the
operator. Running servers receive the same signals as from another server.
"""

from pocketpay.cli.commands import Commands
from pocketpay.cli.operator.actions import actions
from pocketpay.cli.operator.bank import bank
from pocketpay.cli.operator.customer import customer
from pocketpay.cli.operator.helping import helping
from pocketpay.cli.operator.inspect import inspect
from pocketpay.cli.operator.risk import risk

operator = Commands(
    help="The commands for operators. They find customers, freeze wallets, reverse transactions, help customers, "
    "change risk settings and reconcile bank files.",
    no_args_is_help=True,
)
operator.add_typer(actions)
operator.add_typer(helping)
operator.add_typer(inspect)
operator.add_typer(customer)
operator.add_typer(bank)
operator.add_typer(risk, name="risk")
