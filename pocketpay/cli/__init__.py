"""The command line: the verbs, each of which finds its database, does one thing and says how it ended.

Knows settings, processes, signals and exit codes. Must never know a rule about money.

    serve     one server, or several sharing a port     (`serve`, `workers`)
    migrate   brings the database to this revision
    audit     proves the books
    demo      makes the demo people again, by hand      (`demo_people`)
    schema    prints the GraphQL schema
    settings  prints every setting as a .env file       (`env_file`)
    import-supabase   moves people in, with their passwords and opening balances     (`progress`)
    operator          what operators do                 (`operator/`)

What goes wrong on purpose ends in one sentence on stderr and exit code 1.
"""

import sys

import typer

from pocketpay.cli.verbs import verbs
from pocketpay.errors import PocketPayError


def main() -> None:
    """Runs the verb of this process's arguments and ends the process."""
    try:
        verbs(prog_name="pocketpay")
    except PocketPayError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
