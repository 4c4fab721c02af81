"""`pocketpay operator …`: what operators do, on the database beside whatever servers run on it.

    grant, revoke            who is an operator; nowhere else        (`acting`)
    freeze, unfreeze         a wallet
    reverse                  a completed transaction
    find, pending, actions   looking                                 (`looking`)
    risk                     its settings; `risk set`, `risk clear`  (`risk`)

By the same functions that the doors call, and recorded as theirs are: the operator is the login name here. Running
servers hear of it as of one another.
"""

import typer

from pocketpay.cli.operator.acting import acting
from pocketpay.cli.operator.looking import looking
from pocketpay.cli.operator.risk import risk

operator = typer.Typer(help="What operators do: look, freeze, reverse, set risk.", no_args_is_help=True)
operator.add_typer(acting)
operator.add_typer(looking)
operator.add_typer(risk, name="risk")
