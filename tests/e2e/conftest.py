"""Fixtures: installations, which are folders in which servers run as they do for a user."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pocketpay.database.embedded.programs import SYSTEM_HOME
from tests.e2e import processes
from tests.e2e.processes import Installation


@pytest.fixture(scope="session", autouse=True)
def _system_home() -> Iterator[None]:
    """Removes the folder where root's servers copy PostgreSQL's programs, if only these tests used it."""
    untouched = not SYSTEM_HOME.exists() and "PYTEST_XDIST_WORKER" not in os.environ
    yield
    if untouched and not any(len(path.name) == 16 for path in SYSTEM_HOME.glob("*")):
        shutil.rmtree(SYSTEM_HOME, ignore_errors=True)


@pytest.fixture(scope="module")
def installation(cluster_home: Path, seeded_data: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """One installation for the tests of a module, with the demo people and with no server running yet."""
    name = request.module.__name__.rpartition(".")[2]
    with processes.installation(cluster_home / name, seeded_data) as made:
        yield made
