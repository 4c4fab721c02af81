"""The commands, and their output."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketpay.cli import output
from pocketpay.cli.backups import backups
from pocketpay.cli.commands import Commands
from pocketpay.cli.operator import operator
from pocketpay.cli.output import Result

if TYPE_CHECKING:
    import socket

    from starlette.applications import Starlette

    from pocketpay.database.connection_count import Sizes
    from pocketpay.settings import Settings

verbs = Commands(help="Pocket Pay: a GraphQL wallet server.", no_args_is_help=True)
verbs.add_typer(operator, name="operator")
verbs.add_typer(backups)


@verbs.command("serve")
def serve_verb(
    host: Annotated[str | None, typer.Option(help="The address to listen on; HOST by default.")] = None,
    port: Annotated[
        int | None, typer.Option(help="The port to listen on; PORT by default. 0 chooses a free port.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of server processes that share the port.")] = 1,
) -> None:
    """Starts the server, until SIGTERM or ctrl-C. Without DATABASE_URL it uses an embedded PostgreSQL."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal(0)
    import asyncio
    import os

    import structlog

    from pocketpay import settings
    from pocketpay.cli import listening
    from pocketpay.cli.database_address import database_of, secret_keys_of
    from pocketpay.serving import log

    chosen = settings.load(**{name: value for name, value in (("host", host), ("port", port)) if value is not None})
    settings.checked_secret_keys(chosen)
    log.configure(chosen)
    listening.raise_open_files()
    listening.forbid_core_files()
    with (
        stops.exit_when_cut_off(),
        listening.listen(chosen.host, chosen.port) as listener,
        database_of(chosen) as database,
    ):
        # Only now: a wrong setting and a port in use are answered immediately.
        from pocketpay.cli import serve

        sizes = serve.prepare_to_serve(chosen, database, workers)
        _seed(chosen, database.server_dsn)
        url = listening.url_of(listener)
        if workers > 1:
            from pocketpay.cli.workers import Supervisor

            secret_keys_of(chosen)
            os.environ.update(HOST=chosen.host, PORT=str(chosen.port))
            supervisor = Supervisor(workers, listener, sizes, drain_seconds=chosen.drain)
            asyncio.run(supervisor.run(lambda: _welcome(chosen, url, workers)))
        else:
            serve.run(
                _application(chosen, database.server_dsn, sizes),
                listener,
                database.postgres,
                drain_seconds=chosen.drain,
                when_started=lambda: _welcome(chosen, url, workers),
            )
        structlog.get_logger(__name__).info("server_stopped")


@verbs.command("worker", hidden=True)
def worker_verb(
    listener_file: int,
    supervisor_file: int,
    metrics_file: int,
    counts_file: int,
    workers: int,
    place: int,
    readers: int,
    writers: int,
    lanes: int,
) -> None:
    """Runs one worker process of `serve --workers`, which starts it."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal(0)
    import socket

    from pocketpay import settings
    from pocketpay.cli import listening, serve
    from pocketpay.cli.database_address import database_of
    from pocketpay.database.connection_count import Sizes
    from pocketpay.serving.connections.worker_counts import OwnCount

    chosen = settings.load()
    listening.raise_open_files()
    listening.forbid_core_files()
    with socket.socket(fileno=listener_file) as listener, database_of(chosen) as database:
        serve.run(
            _application(
                chosen,
                database.server_dsn,
                Sizes(readers, writers, lanes),
                metrics_end=socket.socket(fileno=metrics_file),
            ),
            listener,
            database.postgres,
            drain_seconds=chosen.drain,
            when_started=lambda: _report_ready(supervisor_file),
            supervisor=supervisor_file,
            count=OwnCount(counts_file, workers, place),
        )


@verbs.command("migrate")
def migrate_verb() -> Result:
    """Migrates the database to the revision of this version. Puts back missing roles and grants."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal()
    import asyncio

    from pocketpay import settings
    from pocketpay.cli.database_address import database_of
    from pocketpay.database import migrations, revisions
    from pocketpay.serving import log

    chosen = settings.load()
    log.configure(chosen)
    with database_of(chosen) as database:
        upgraded = asyncio.run(migrations.upgrade(database.owner_dsn, database.server_dsn))
    newer = upgraded.revision != revisions.expected()
    more = ", which is newer than this version and supports it" if newer else ""
    facts = {"revision": upgraded.revision, "newer_than_this_version": newer, "repairs": [*upgraded.repairs]}
    repairs = [f"Repaired: {statement}" for statement in upgraded.repairs]
    return Result(facts, [*repairs, f"The database is at revision {upgraded.revision}{more}."])


@verbs.command("audit")
def audit_verb(
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Check only the rows added since the last recorded audit.")
    ] = False,
    standby: Annotated[
        bool, typer.Option("--standby", help="Read a hot standby of DATABASE_URL. The audit is not recorded.")
    ] = False,
) -> Result:
    """Audits the ledger. Prints each error, and exits with 1 when there is one. With DATABASE_OWNER_URL the result is
    recorded."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal()
    from pocketpay.cli import auditing

    return auditing.audit(incremental=incremental, standby=standby)


@verbs.command("demo")
def demo_verb() -> Result:
    """Creates the demo users and their history. Does nothing when they exist."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal()
    from pocketpay import settings

    return _make_demo_people(settings.load())


@verbs.command("reset")
def reset_verb() -> Result:
    """Erases the embedded database and creates new demo users. Refused while a server uses the database."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal()
    from pocketpay import settings
    from pocketpay.cli.database_address import erase
    from pocketpay.onboarding import demo

    chosen = settings.load()
    demo.require_enabled(chosen)
    erase(chosen)
    return _make_demo_people(chosen)


@verbs.command("import-supabase")
def import_supabase_verb(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            exists=True,
            help="One or more CSV files, a folder of CSV files, or a plain pg_dump file.",
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the files and report, without changes.")] = False,
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="Skip people whose data has errors.")] = False,
    take_suggested: Annotated[
        bool,
        typer.Option("--take-suggested", help="Use the suggested username for people whose username has an error."),
    ] = False,
    country: Annotated[
        str | None, typer.Option(metavar="XX", help="The country of phone numbers without a country code, like DE.")
    ] = None,
    welcome_mail: Annotated[
        bool, typer.Option("--welcome-mail", help="Send one mail with a link to each person without a password.")
    ] = False,
    mails_per_hour: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Maximum number of welcome mails per hour.")
    ] = 500,
) -> Result:
    """Imports people from Supabase. They keep their passwords and balances. Run it again to continue."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal()
    from pocketpay.cli import importing
    from pocketpay.importing.run import ImportOptions

    per_hour = mails_per_hour if welcome_mail else None
    return importing.run(files, ImportOptions(dry_run, skip_wrong, take_suggested, _country(country), per_hour))


def _country(typed: str | None) -> str | None:
    from pocketpay.importing.phone import COUNTRIES

    if typed is not None and typed.upper() not in COUNTRIES:
        raise typer.BadParameter("must be the two letters of a country, like DE or US", param_hint="--country")
    return None if typed is None else typed.upper()


@verbs.command("schema")
def schema_verb() -> Result:
    """Prints the GraphQL schema."""
    from pocketpay.api.schema import sdl

    text = sdl()
    return Result({"schema": text}, text.splitlines())


@verbs.command("settings")
def settings_verb() -> Result:
    """Prints all settings as a .env file. Each has its description and its default."""
    from pocketpay.cli import env_file

    return Result({"rows": env_file.rows()}, env_file.lines())


def _application(
    chosen: "Settings", server_dsn: str, sizes: "Sizes", *, metrics_end: "socket.socket | None" = None
) -> "Starlette":
    from pocketpay.app import create_app
    from pocketpay.cli.database_address import secret_keys_of

    return create_app(
        chosen, server_dsn=server_dsn, secret_keys=secret_keys_of(chosen), sizes=sizes, metrics_end=metrics_end
    )


def _seed(chosen: "Settings", server_dsn: str) -> None:
    import asyncio

    from pocketpay.cli import demo_people
    from pocketpay.onboarding import demo

    if demo.is_enabled(chosen):
        asyncio.run(demo_people.make(chosen, server_dsn))


def _make_demo_people(chosen: "Settings") -> Result:
    import asyncio

    from pocketpay.cli import demo_people, preparing
    from pocketpay.cli.database_address import database_of
    from pocketpay.serving import log

    log.configure(chosen)
    with database_of(chosen) as database:
        preparing.prepare(chosen, database)
        asyncio.run(demo_people.make(chosen, database.server_dsn))
    return Result({"demo_people": demo_people.facts()}, [demo_people.introduction()])


def _welcome(chosen: "Settings", url: str, workers: int) -> None:
    """Prints and logs the addresses of a server that has started; with --json as one object."""
    import structlog

    from pocketpay import settings
    from pocketpay.cli import demo_people
    from pocketpay.database import revisions
    from pocketpay.explorer import web_app
    from pocketpay.onboarding import demo
    from pocketpay.version import version

    structlog.get_logger(__name__).info(
        "server_started",
        version=version(),
        revision=revisions.expected(),
        workers=workers,
        settings=settings.changed(chosen),
    )
    lines = [f"Pocket Pay is running at {url}/graphql"]
    if not chosen.production:
        lines.append("Open it in a browser to use GraphiQL. Its tabs show every operation.")
    facts: dict[str, object] = {"url": url, "graphql": f"{url}/graphql", "app": None, "demo_people": None}
    if not chosen.production and web_app.is_built():
        lines.append(f"The wallet app is at {url}/app/")
        facts["app"] = f"{url}/app/"
    if demo.is_enabled(chosen):
        lines.append(demo_people.introduction())
        facts["demo_people"] = demo_people.facts()
    output.show(Result(facts, lines), "serve")


def _report_ready(supervisor_file: int) -> None:
    import os

    os.write(supervisor_file, b"1")
