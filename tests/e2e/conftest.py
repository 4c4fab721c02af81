"""Houses for the tests: folders in which servers run as they do for anybody."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pocketpay.database.embedded.programs import SYSTEM_HOME
from tests.e2e import processes
from tests.e2e.processes import House


@pytest.fixture(scope="session", autouse=True)
def _system_home() -> Iterator[None]:
    """Where root's servers copy PostgreSQL's programs is removed again, if these tests alone have been using it."""
    untouched = not SYSTEM_HOME.exists() and "PYTEST_XDIST_WORKER" not in os.environ
    yield
    if untouched and not any(len(path.name) == 16 for path in SYSTEM_HOME.glob("*")):
        shutil.rmtree(SYSTEM_HOME, ignore_errors=True)


@pytest.fixture(scope="module")
def house(cluster_home: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """One for a module's tests, with nothing running in it yet."""
    name = request.module.__name__.rpartition(".")[2]
    with processes.house(cluster_home / name) as made:
        yield made
