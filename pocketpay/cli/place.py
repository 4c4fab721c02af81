"""Where the database of this process is: its own, or the one that the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pocketpay.cli.stops import ignore_stops
from pocketpay.database.embedded import secret_key
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.settings import Settings, checked_secret


@dataclass(frozen=True, slots=True)
class Place:
    """How to reach the database; `postgres` is there when it is our own."""

    server_dsn: str
    owner_dsn: str
    postgres: EmbeddedPostgres | None


@contextmanager
def database_of(settings: Settings) -> Iterator[Place]:
    """The database for as long as the block lasts; our own is started before and left after.

    Raises DatabaseUnavailable when our own does not start; nobody has asked an outside one yet.
    """
    if settings.database_url is not None:
        yield Place(settings.database_url, settings.database_owner_url or settings.database_url, None)
        return
    postgres = EmbeddedPostgres(settings.pocketpay_data)
    try:
        postgres.start()
        yield Place(postgres.server_dsn, postgres.owner_dsn, postgres)
    finally:
        ignore_stops()
        postgres.stop()


def erase(settings: Settings) -> None:
    """Removes our own database with all its data. Raises DatabaseUnavailable while any process uses it."""
    EmbeddedPostgres(settings.pocketpay_data).erase()


def secret_of(settings: Settings) -> bytes:
    """The key that signs tokens. Raises SettingsError when it is missing or short where it must not be."""
    return checked_secret(settings) or secret_key.read_or_make(settings.pocketpay_data)
