"""The secret key that a server generates when none is configured."""

import stat
import threading
from pathlib import Path

import pytest

from pocketpay.database.embedded import secret_key
from pocketpay.database.errors import DatabaseUnavailable


def test_the_key_is_generated_once_long_enough_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    key = secret_key.read_or_create(tmp_path)
    assert len(key) >= 32
    assert secret_key.read_or_create(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_servers_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    keys: list[bytes] = []
    together = threading.Barrier(8)

    def make() -> None:
        together.wait()
        keys.append(secret_key.read_or_create(tmp_path))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_truncated_key_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(DatabaseUnavailable, match="SECRET_KEY"):
        secret_key.read_or_create(tmp_path)


def test_a_key_that_cannot_be_stored_must_be_configured(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="set SECRET_KEY"):
        secret_key.read_or_create(tmp_path / "nowhere")
