"""Fixtures: clusters of several nodes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.failover.nodes import Node, Nodes, make_template, replicated

Replicated = Callable[..., Nodes]

_numbers = count(1)


@pytest.fixture(scope="session")
def template(cluster_home: Path) -> Node:
    """A migrated cluster to copy."""
    return make_template(cluster_home / "template", cluster_home / "home")


@pytest.fixture
def cluster(template: Node, cluster_home: Path) -> Iterator[Replicated]:
    """Starts clusters of this number of nodes, which end with the test."""
    with ExitStack() as running:

        def start(count: int, *, synchronous: bool = False) -> Nodes:
            home = cluster_home / f"nodes{next(_numbers)}"
            return running.enter_context(replicated(template, home, count, synchronous=synchronous))

        yield start
