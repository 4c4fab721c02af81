"""The folder of a test process, with everything it creates. Only this fixture and no `conftest`: see `killed_run`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import commands
from tests.leftovers import run_folder

MEMORY_BYTES = 4_000_000_000


@pytest.fixture(scope="session")
def cluster_home(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that PostgreSQL's own user can read too, for data directories and, as root, for clusters.

    However this process ends, the folder is removed, with the processes that run in it and the files linked in it.
    """
    controller = os.getppid() if hasattr(request.config, "workerinput") else None
    with run_folder(memory(), controller=controller) as home, commands.forking():
        yield home


def memory() -> str | None:
    """The system's folder in memory, if it is large enough and may hold programs. A database has a thousand files."""
    folder = "/dev/shm"  # noqa: S108  # the run creates its own folder in it
    try:
        facts = os.statvfs(folder)
    except OSError:
        return None
    fits = facts.f_bavail * facts.f_frsize > MEMORY_BYTES and not facts.f_flag & os.ST_NOEXEC
    return folder if fits and os.access(folder, os.W_OK) else None
