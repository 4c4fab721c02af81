"""The command line. Each command finds its database, does one thing, and says how it ended.

    verbs.py         serve, migrate, audit, demo, reset, schema, settings, import-supabase
    operator/        what operators do
    serve.py         one server process, from its start to its end
    workers.py       several server processes on one port
    stops.py         what a process does when it is told to stop
    listening.py     a port to listen on, and enough open files
    place.py         where the database of this process is
    demo_people.py   has the demo people made (onboarding), and one of them made an operator (operations)
    env_file.py      every setting as a line of a .env file
    progress.py      a progress bar on a terminal

An expected error ends in one sentence on stderr and exit code 1. Must never know a rule about money.
"""

import signal
import sys


def main() -> None:
    """Runs the verb of this process's arguments and ends the process."""
    # Until a verb decides otherwise, a ctrl-C simply ends the process: there is nothing to undo during the imports.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    import typer

    from pocketpay.cli.verbs import verbs
    from pocketpay.errors import PocketPayError

    try:
        verbs(prog_name="pocketpay")
    except PocketPayError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
