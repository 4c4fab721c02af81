"""The command line. Each command opens its database, does one thing, and prints the result.

    verbs.py             serve, migrate, audit, demo, reset, schema, settings, import-supabase
    backups.py           backup, restore
    operator/            the commands for operators
    serve.py             one server process, from its start to its end
    workers.py           several server processes on one port
    stops.py             how a process reacts to SIGTERM and SIGINT
    listening.py         the listening socket, and the limit of open files
    database_address.py  the database of this process: embedded, or the one in the settings
    demo_people.py       creates the demo people (onboarding) and makes one of them an operator (operations)
    env_file.py          every setting as a line of a .env file
    progress.py          a progress bar on a terminal

An expected error prints one sentence on stderr and ends with exit code 1. This package holds no rule about money.
"""

import signal
import sys


def main() -> None:
    """Runs the command in the process's arguments and ends the process."""
    # Until a command sets its own handler, ctrl-C ends the process at once: the imports have nothing to undo.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    import typer

    from pocketpay.cli.verbs import verbs
    from pocketpay.errors import PocketPayError

    try:
        verbs(prog_name="pocketpay")
    except PocketPayError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
