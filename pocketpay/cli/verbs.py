"""The commands, and their output."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Annotated

import structlog
import typer

from pocketpay import settings
from pocketpay.cli import demo_people, listening, serve, stops
from pocketpay.cli.backups import backups
from pocketpay.cli.database_address import database_of, erase, secret_of
from pocketpay.cli.operator import operator
from pocketpay.cli.workers import Supervisor
from pocketpay.database import revisions
from pocketpay.database.connection_count import Sizes
from pocketpay.serving import log
from pocketpay.settings import Settings
from pocketpay.version import version

logger = structlog.get_logger(__name__)

verbs = typer.Typer(
    help="Pocket Pay: a GraphQL wallet server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
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
    stops.exit_on_stop_signal(0)
    chosen = settings.load(**{name: value for name, value in (("host", host), ("port", port)) if value is not None})
    settings.checked_secret(chosen)
    settings.smtp_password(chosen)
    log.configure(chosen)
    listening.raise_open_files()
    listening.forbid_core_files()
    with (
        stops.exit_when_cut_off(),
        listening.listen(chosen.host, chosen.port) as listener,
        database_of(chosen) as database,
    ):
        sizes = serve.prepare_to_serve(chosen, database, workers)
        _seed(chosen, database.server_dsn)
        url = listening.url_of(listener)
        if workers > 1:
            secret_of(chosen)
            os.environ.update(HOST=chosen.host, PORT=str(chosen.port))
            asyncio.run(Supervisor(workers, listener, sizes).run(lambda: _welcome(chosen, url, workers)))
        else:
            application = _application(chosen, database.server_dsn, sizes)
            serve.run(application, listener, database.postgres, when_started=lambda: _welcome(chosen, url, workers))
        logger.info("server_stopped")


@verbs.command("worker", hidden=True)
def worker_verb(listener_file: int, supervisor_file: int, metrics_file: int, readers: int, writers: int) -> None:
    """Runs one worker process of `serve --workers`, which starts it."""
    stops.exit_on_stop_signal(0)
    chosen = settings.load()
    listening.raise_open_files()
    listening.forbid_core_files()
    with socket.socket(fileno=listener_file) as listener, database_of(chosen) as database:
        serve.run(
            _application(
                chosen, database.server_dsn, Sizes(readers, writers), metrics_end=socket.socket(fileno=metrics_file)
            ),
            listener,
            database.postgres,
            when_started=lambda: _report_ready(supervisor_file),
            supervisor=supervisor_file,
        )


@verbs.command("migrate")
def migrate_verb() -> None:
    """Migrates the database to this server's revision, and puts back missing roles and grants."""
    from pocketpay.database import migrations

    stops.exit_on_stop_signal(143)
    chosen = settings.load()
    log.configure(chosen)
    with database_of(chosen) as database:
        upgraded = asyncio.run(migrations.upgrade(database.owner_dsn, database.server_dsn))
        for statement in upgraded.repairs:
            typer.echo(f"Repaired: {statement}")
        newer = (
            "" if upgraded.revision == revisions.expected() else ", which is newer than this version and serves it"
        )
        typer.echo(f"The database is at revision {upgraded.revision}{newer}.")


@verbs.command("audit")
def audit_verb(
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Check what was added since the last recorded audit.")
    ] = False,
    standby: Annotated[
        bool, typer.Option("--standby", help="Read a hot standby of DATABASE_URL; records nothing.")
    ] = False,
) -> None:
    """Audits the ledger; prints each error and exits with 1 when there is one. Records the result with the login of
    DATABASE_OWNER_URL."""
    from pocketpay.cli.progress import ProgressBars
    from pocketpay.operations import audit, recorded_audit

    stops.exit_on_stop_signal(143)
    with database_of(settings.load()) as database, ProgressBars().stage("audit", len(audit.PROOFS)) as advance:
        code = asyncio.run(
            recorded_audit.run(
                database.server_dsn,
                database.owner_dsn,
                incremental=incremental,
                standby=standby,
                after_law=lambda: advance(1),
            )
        )
    raise typer.Exit(code)


@verbs.command("demo")
def demo_verb() -> None:
    """Creates the demo users and their history, if they do not exist yet."""
    stops.exit_on_stop_signal(143)
    _make_demo_people(settings.load())


@verbs.command("reset")
def reset_verb() -> None:
    """Erases the embedded database and creates the demo users again. Refused while a server uses the database."""
    from pocketpay.onboarding import demo

    stops.exit_on_stop_signal(143)
    chosen = settings.load()
    demo.require_enabled(chosen)
    erase(chosen)
    _make_demo_people(chosen)


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
        bool, typer.Option("--welcome-mail", help="Send a mail with a link to people without a password, once each.")
    ] = False,
    mails_per_hour: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Maximum number of welcome mails per hour.")
    ] = 500,
) -> None:
    """Imports people from Supabase with their passwords and opening balances. Run it again to continue."""
    from pocketpay.cli.progress import ProgressBars
    from pocketpay.importing.run import ImportOptions, run

    stops.exit_on_stop_signal(143)
    chosen = settings.load()
    with database_of(chosen) as database:
        serve.prepare(chosen, database)
        per_hour = mails_per_hour if welcome_mail else None
        options = ImportOptions(dry_run, skip_wrong, take_suggested, _country(country), per_hour)
        raise typer.Exit(
            asyncio.run(
                run(chosen, database.server_dsn, files, options, write_line=typer.echo, progress=ProgressBars())
            )
        )


def _country(typed: str | None) -> str | None:
    from pocketpay.importing.phone import COUNTRIES

    if typed is not None and typed.upper() not in COUNTRIES:
        raise typer.BadParameter("must be the two letters of a country, like DE or US", param_hint="--country")
    return None if typed is None else typed.upper()


@verbs.command("schema")
def schema_verb() -> None:
    """Prints the GraphQL schema."""
    from pocketpay.api.schema import sdl

    typer.echo(sdl(), nl=False)


@verbs.command("settings")
def settings_verb() -> None:
    """Prints all settings with descriptions and defaults, as a .env file."""
    from pocketpay.cli import env_file

    typer.echo("\n".join(env_file.lines()))


def _application(
    chosen: Settings, server_dsn: str, sizes: Sizes, *, metrics_end: socket.socket | None = None
) -> object:
    from pocketpay.app import create_app

    return create_app(
        chosen, server_dsn=server_dsn, secret_key=secret_of(chosen), sizes=sizes, metrics_end=metrics_end
    )


def _seed(chosen: Settings, server_dsn: str) -> None:
    from pocketpay.onboarding import demo

    if demo.is_enabled(chosen):
        asyncio.run(demo_people.make(chosen, server_dsn))


def _make_demo_people(chosen: Settings) -> None:
    log.configure(chosen)
    with database_of(chosen) as database:
        serve.prepare(chosen, database)
        asyncio.run(demo_people.make(chosen, database.server_dsn))
        typer.echo(demo_people.introduction())


def _welcome(chosen: Settings, url: str, workers: int) -> None:
    from pocketpay.explorer import web_app
    from pocketpay.onboarding import demo

    logger.info(
        "server_started",
        version=version(),
        revision=revisions.expected(),
        workers=workers,
        settings=settings.changed(chosen),
    )
    typer.echo(f"Pocket Pay is running at {url}/graphql")
    if not chosen.production:
        typer.echo("Open it in a browser to use GraphiQL. Its tabs show every operation.")
        if web_app.is_built():
            typer.echo(f"The wallet app is at {url}/app/")
    if demo.is_enabled(chosen):
        typer.echo(demo_people.introduction())


def _report_ready(supervisor_file: int) -> None:
    os.write(supervisor_file, b"1")
