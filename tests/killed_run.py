"""A run that is killed: each test says where its cluster is, and waits. Collected by nobody but `test_killed_run`."""

import os
import time
from pathlib import Path

import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.e2e import processes

SECONDS = 240
"""Longer than the tests of killed runs wait for anything."""


def tell(*paths: Path) -> None:
    """Says, in a file of this process's own, that it can be killed now, and what there is."""
    told = Path(os.environ["TOLD"], str(os.getpid()))
    told.with_suffix(".new").write_text("\n".join(map(str, paths)))
    told.with_suffix(".new").rename(told)


@pytest.mark.parametrize("test", range(2))
def test_cluster(cluster: EmbeddedPostgres, test: int) -> None:
    tell(cluster.data.parent, (cluster.data / "cluster").resolve())
    time.sleep(SECONDS)


def test_cluster_and_server(postgres: EmbeddedPostgres) -> None:
    with processes.installation(postgres.data.parent / "installation") as installation:
        installation.start()
        tell(postgres.data.parent, (postgres.data / "cluster").resolve(), (installation.data / "cluster").resolve())
        time.sleep(SECONDS)
