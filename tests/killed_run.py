"""A test run to be killed: each test reports where its cluster is, and waits. Only `test_killed_run` collects it."""

import os
import time
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


@pytest.mark.parametrize("test", range(2))
def test_cluster(cluster: EmbeddedPostgres, test: int) -> None:
    report(cluster.data.parent, (cluster.data / "cluster").resolve())
    time.sleep(SECONDS)


def test_cluster_and_server(postgres: EmbeddedPostgres) -> None:
    with processes.installation(postgres.data.parent / "installation") as installation:
        installation.start()
        report(postgres.data.parent, (postgres.data / "cluster").resolve(), (installation.data / "cluster").resolve())
        time.sleep(SECONDS)
