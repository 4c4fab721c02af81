"""Houses for the tests: folders in which servers run as they do for anybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.processes import House


@pytest.fixture(scope="module")
def house(cluster_home: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """One for a module's tests, with nothing running in it yet."""
    name = request.module.__name__.rpartition(".")[2]
    with processes.house(cluster_home / name) as made:
        yield made
