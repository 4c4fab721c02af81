"""A test run to be killed: each test reports where its cluster is, and waits. Only `test_killed_run` collects it.

It has the folder of every run (`run_home`), and its own cluster instead of `conftest`, which imports the product.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.e2e import processes

SECONDS = 240
"""Longer than any wait in the tests of killed runs."""


def report(*paths: Path) -> None:
    """Writes a file that reports these paths and that this process can be killed now."""
    file = Path(os.environ["TOLD"], str(os.getpid()))
    file.with_suffix(".new").write_text("\n".join(map(str, paths)))
    file.with_suffix(".new").rename(file)


@pytest.fixture
def cluster(cluster_home: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(cluster_home / "data", durable=False, system_home=cluster_home / "home") as started:
        yield started


@pytest.mark.parametrize("test", range(2))
def test_cluster(cluster: EmbeddedPostgres, test: int) -> None:
    report(cluster.data.parent, (cluster.data / "cluster").resolve())
    time.sleep(SECONDS)


def test_cluster_and_server(cluster: EmbeddedPostgres) -> None:
    home = cluster.data.parent
    with processes.installation(home / "installation", Path(os.environ["SEEDED"])) as installation:
        installation.start()
        report(home, *((data / "cluster").resolve() for data in (cluster.data, installation.data)))
        time.sleep(SECONDS)
