"""The verbs, and what each prints."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from pocketpay import settings
from pocketpay.cli import demo_people, listening, serve, stops
from pocketpay.cli.operator import operator
from pocketpay.cli.place import database_of, erase, secret_of
from pocketpay.cli.workers import Supervisor
from pocketpay.database import revisions
from pocketpay.serving import log
from pocketpay.settings import Settings

verbs = typer.Typer(
    help="Pocket Pay: a wallet server people can trust with their money.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
verbs.add_typer(operator, name="operator")


@verbs.command("serve")
def serve_verb(
    host: Annotated[str | None, typer.Option(help="Where to listen; HOST by default.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; PORT by default, 0 for any free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes sharing the port.")] = 1,
) -> None:
    """Serves until SIGTERM or ctrl-C; without DATABASE_URL on a PostgreSQL of its own."""
    stops.leave_on_stops(0)
    chosen = settings.load(**{name: value for name, value in (("host", host), ("port", port)) if value is not None})
    settings.checked_secret(chosen)
    settings.smtp_password(chosen)
    log.configure(chosen)
    listening.raise_open_files()
    with stops.ended_when_cut_off(), listening.listen(chosen.host, chosen.port) as door, database_of(chosen) as place:
        serve.prepare(chosen, place)
        asyncio.run(serve.check_policy(chosen, place))
        _seed(chosen, place.server_dsn)
        url = listening.url_of(door)
        if workers > 1:
            secret_of(chosen)
            os.environ.update(HOST=chosen.host, PORT=str(chosen.port))
            asyncio.run(Supervisor(workers, door).run(lambda: _welcome(chosen, url)))
        else:
            application = _application(chosen, place.server_dsn)
            serve.run(application, door, place.postgres, when_started=lambda: _welcome(chosen, url))


@verbs.command("worker", hidden=True)
def worker_verb(door_file: int, supervisor_file: int) -> None:
    """One of the processes of `serve --workers`, started by it."""
    stops.leave_on_stops(0)
    chosen = settings.load()
    listening.raise_open_files()
    with socket.socket(fileno=door_file) as door, database_of(chosen) as place:
        serve.run(
            _application(chosen, place.server_dsn),
            door,
            place.postgres,
            when_started=lambda: _say_ready(supervisor_file),
            supervisor=supervisor_file,
        )


@verbs.command("migrate")
def migrate_verb() -> None:
    """Brings the database to this server's revision, roles and grants included."""
    from pocketpay.database import migrations

    stops.leave_on_stops(143)
    chosen = settings.load()
    log.configure(chosen)
    with database_of(chosen) as place:
        asyncio.run(migrations.upgrade(place.owner_dsn, place.server_dsn))
        typer.echo(f"The database is at revision {revisions.expected()}.")


@verbs.command("audit")
def audit_verb() -> None:
    """Proves the books; prints what disagrees and exits with 1 when anything does."""
    from pocketpay.operations import audit

    stops.leave_on_stops(143)
    with database_of(settings.load()) as place:
        raise typer.Exit(asyncio.run(audit.report(place.server_dsn)))


@verbs.command("demo")
def demo_verb() -> None:
    """Makes the demo people and their history where they are not there yet."""
    stops.leave_on_stops(143)
    _make_demo_people(settings.load())


@verbs.command("reset")
def reset_verb() -> None:
    """Erases all data of the embedded database and makes the demo people anew; refused while a server runs on it."""
    from pocketpay.onboarding import demo

    stops.leave_on_stops(143)
    chosen = settings.load()
    demo.require_wanted(chosen)
    erase(chosen)
    _make_demo_people(chosen)


@verbs.command("import-supabase")
def import_supabase_verb(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", exists=True, help="A CSV, several, a folder of them, or a plain pg_dump."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen and what is wrong.")] = False,
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="Leave out whom something is wrong with.")] = False,
    take_suggested: Annotated[
        bool, typer.Option("--take-suggested", help="Give the suggested username to whoever has a wrong one.")
    ] = False,
    country: Annotated[
        str | None, typer.Option(metavar="XX", help="The country of telephone numbers without one, like DE.")
    ] = None,
    welcome_mail: Annotated[
        bool, typer.Option("--welcome-mail", help="Mail a link to whoever has no password yet, once.")
    ] = False,
    mails_per_hour: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="At most so many welcome mails in an hour.")
    ] = 500,
) -> None:
    """Moves people in from Supabase, with their passwords and opening balances. Saying it again goes on."""
    from pocketpay.cli.progress import Bars
    from pocketpay.importing.run import Wish, run

    stops.leave_on_stops(143)
    chosen = settings.load()
    with database_of(chosen) as place:
        serve.prepare(chosen, place)
        per_hour = mails_per_hour if welcome_mail else None
        wish = Wish(dry_run, skip_wrong, take_suggested, _country(country), per_hour)
        raise typer.Exit(asyncio.run(run(chosen, place.server_dsn, files, wish, tell=typer.echo, progress=Bars())))


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
    """Prints every setting with its meaning and its default, as a .env file."""
    from pocketpay.cli import env_file

    typer.echo("\n".join(env_file.lines()))


def _application(chosen: Settings, server_dsn: str) -> object:
    from pocketpay.app import create_app

    return create_app(chosen, server_dsn=server_dsn, secret_key=secret_of(chosen))


def _seed(chosen: Settings, server_dsn: str) -> None:
    from pocketpay.onboarding import demo

    if demo.wanted(chosen):
        asyncio.run(demo_people.make(chosen, server_dsn))


def _make_demo_people(chosen: Settings) -> None:
    log.configure(chosen)
    with database_of(chosen) as place:
        serve.prepare(chosen, place)
        asyncio.run(demo_people.make(chosen, place.server_dsn))
        typer.echo(demo_people.introduced())


def _welcome(chosen: Settings, url: str) -> None:
    from pocketpay.onboarding import demo

    typer.echo(f"Pocket Pay serves at {url}/graphql")
    if not chosen.production:
        typer.echo("Open it in a browser for GraphiQL: its tabs walk you through all that it does.")
    if demo.wanted(chosen):
        typer.echo(demo_people.introduced())


def _say_ready(supervisor_file: int) -> None:
    os.write(supervisor_file, b"1")
