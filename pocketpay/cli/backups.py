"""`pocketpay backup` and `pocketpay restore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketpay.cli.commands import Commands
from pocketpay.cli.output import Result

if TYPE_CHECKING:
    from datetime import datetime

    from pocketpay.settings import Settings

backups = Commands()


@backups.command("backup")
def backup_verb(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="The new file, or the folder to create it in. Default: the current folder."
        ),
    ] = None,
) -> Result:
    """Writes a backup of the database to a new file. Servers may run meanwhile."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal()
    import asyncio
    from datetime import UTC, datetime

    from pocketpay import settings
    from pocketpay.cli.database_address import database_of
    from pocketpay.database.backups import file as backup_file
    from pocketpay.database.backups.contents import contents
    from pocketpay.database.backups.source import read_whole
    from pocketpay.database.backups.tools import address_of, tools_for

    chosen = settings.load()
    now = datetime.now(UTC)
    path = _new_path(file, now)
    with database_of(chosen) as database:
        found = asyncio.run(contents(database.owner_dsn))
        tools = tools_for(found.major)
        cluster = None if database.postgres is None else database.postgres.cluster_folder
        key = _key_of(chosen)
        size = backup_file.write(
            path,
            backup_file.About(found.revision, found.postgresql, now.isoformat(timespec="seconds")),
            key,
            tools=tools,
            address=address_of(database.owner_dsn, folder=cluster),
        )
    read_whole(path, tools)
    about_key = (
        "The backup does not contain SECRET_KEY. Keep the key elsewhere: tokens and fingerprints need the same key."
        if key is None
        else "The backup contains the key that signs tokens. Keep the file as secret as the server."
    )
    return Result(
        {"file": str(path), "bytes": size, "revision": found.revision, "has_key": key is not None},
        [f"Wrote {path} ({_size(size)}): the database at revision {found.revision}.", about_key],
    )


@backups.command("restore")
def restore_verb(file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of a backup.")]) -> Result:
    """Restores a backup into an empty database, and audits it. The file can also be a dump of pg_dump."""
    from pocketpay.cli import stops

    stops.exit_on_stop_signal()
    from pocketpay import settings
    from pocketpay.cli import auditing
    from pocketpay.database.backups import restore
    from pocketpay.database.embedded.server import EmbeddedPostgres
    from pocketpay.serving import log

    chosen = settings.load()
    log.configure(chosen)
    if chosen.database_url is None:
        postgres = EmbeddedPostgres(chosen.pocketpay_data)
        source, audited = restore.into_data_directory(file, postgres, auditing.audit_database)
        lines = [f"Restored {file} into {postgres.data}."]
    else:
        owner_dsn = chosen.database_owner_url or chosen.database_url
        source = restore.into_database(file, owner_dsn, chosen.database_url)
        audited = auditing.audit_database(chosen.database_url, owner_dsn)
        lines = [f"Restored {file}."]
    if source.key is None:
        lines.append("The backup contains no key. Set SECRET_KEY to the key of the server that made it.")
    facts = {"file": str(file), "revision": source.revision, "has_key": source.key is not None}
    return Result({**facts, "audit": audited.facts}, lines, audited.problem)


def _new_path(file: Path | None, now: "datetime") -> Path:
    path = Path() if file is None else file
    return path / f"pocketpay-{now:%Y%m%d-%H%M%S}.backup" if path.is_dir() else path


def _key_of(chosen: "Settings") -> bytes | None:
    """Returns the key in the data directory, when servers use that one."""
    from pocketpay.database.embedded import secret_key

    outside = chosen.database_url is not None or chosen.secret_key is not None
    if outside or not (chosen.pocketpay_data / secret_key.FILE).exists():
        return None
    return secret_key.read_or_create(chosen.pocketpay_data)


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size / 1_000:.1f} kB"
