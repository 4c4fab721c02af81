"""The database of this process: an embedded one, or the one in the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pocketpay.cli.stops import ignore_stop_signals
from pocketpay.database.embedded import secret_key
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.settings import SecretKeys, Settings, checked_secret_keys, fallback_keys


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """The addresses of the database. `postgres` is the embedded server, or None when DATABASE_URL is set."""

    server_dsn: str
    owner_dsn: str
    postgres: EmbeddedPostgres | None


@contextmanager
def database_of(settings: Settings) -> Iterator[DatabaseAddress]:
    """Provides the database during the block. The embedded server is started before and released after it.

    Raises DatabaseUnavailable when the embedded server does not start. It does not connect to an external database.
    """
    if settings.database_url is not None:
        yield DatabaseAddress(settings.database_url, settings.database_owner_url or settings.database_url, None)
        return
    postgres = EmbeddedPostgres(settings.pocketpay_data)
    try:
        postgres.start()
        yield DatabaseAddress(postgres.server_dsn, postgres.owner_dsn, postgres)
    finally:
        ignore_stop_signals()
        postgres.stop()


def erase(settings: Settings) -> None:
    """Deletes the embedded database with all its data. Raises DatabaseUnavailable while any process uses it."""
    EmbeddedPostgres(settings.pocketpay_data).erase()


def secret_keys_of(settings: Settings) -> SecretKeys:
    """Returns the key that signs tokens, then the keys that only verify them.

    Raises SettingsError when SECRET_KEY is required and missing, or a key is too short.
    """
    keys = checked_secret_keys(settings)
    return keys or (secret_key.read_or_create(settings.pocketpay_data), *fallback_keys(settings))
