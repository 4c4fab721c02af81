"""The command line. Each command opens its database, does one thing, and prints the result.

    verbs.py             serve, migrate, audit, demo, reset, schema, settings, import-supabase
    backups.py           backup, restore
    operator/            the commands for operators
    commands.py          declares commands: with `--json`, and an answer to every expected error
    output.py            the result of a command, as text or JSON
    tables.py            plain tables
    streams.py           stdout and stderr that accept any character and a closed pipe
    serve.py             one server process, from its start to its end
    workers.py           several server processes on one port
    stops.py             how a process reacts to SIGTERM and SIGINT
    listening.py         the listening socket, and the limit of open files
    database_address.py  the database of this process: embedded, or the one in the settings
    preparing.py         checks the database before a command, and migrates an embedded one
    auditing.py          the audit as a command
    importing.py         the import from Supabase as a command
    demo_people.py       creates the demo people (onboarding) and makes one of them an operator (operations)
    env_file.py          every setting as a line of a .env file
    progress.py          a progress bar on a terminal

An expected error prints one sentence on stderr and ends with exit code 1. This package holds no rule about money.
"""

import signal
import sys


def main() -> None:
    """Runs the command in the process's arguments and ends the process."""
    # Until a command sets its own handler, ctrl-C ends the process immediately: the imports have nothing to undo.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from pocketpay.cli import streams

    streams.protect()
    code = _run()
    sys.stdout.flush()
    if (failure := streams.failure()) is not None:
        sys.stderr.write(f"The output cannot be written ({failure}).\n")
        code = code or 1
    sys.exit(code)


def _run() -> int:
    from pocketpay.cli import output
    from pocketpay.cli.verbs import verbs

    # Also before a command is found: an unknown command or option is answered in JSON too.
    output.use_json("--json" in sys.argv[1:])
    if not output.is_json():
        try:
            verbs(prog_name="pocketpay")
        except SystemExit as exit_:
            if not isinstance(exit_.code, int | None):
                raise
            return exit_.code or 0
    import typer

    from pocketpay.cli.commands import name_of

    try:
        code = verbs(prog_name="pocketpay", standalone_mode=False)
    except typer.TyperException as error:
        problem = output.Problem(output.USAGE, error.format_message(), exit_code=error.exit_code)
        output.show(output.Result(None, problem=problem), name_of(getattr(error, "ctx", None)))
        return error.exit_code
    return code or 0
