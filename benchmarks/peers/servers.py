"""Starts the peers. Each is a process of its own on a free port of this machine, over the ledger at `dsn`."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import servers

NPM = Path(__file__).parents[2] / "scripts" / "npm"
MERCURIUS = Path(__file__).with_name("mercurius")
INSTALL_SECONDS = 300


@contextlib.contextmanager
def strawberry(dsn: str, *, cached: bool) -> Iterator[int]:
    """Runs Strawberry's own view, with or without its caches for parsing and validation. Yields the port."""
    port = servers.free_port()
    command = servers.uvicorn("benchmarks.peers.strawberry_server:app", port)
    with servers.running(command, port, "/ready", DATABASE_URL=dsn, CACHED="1" if cached else ""):
        yield port


@contextlib.contextmanager
def mercurius(dsn: str) -> Iterator[int]:
    """Runs Mercurius with its compiler of documents. Yields the port."""
    port = servers.free_port()
    command = [str(NPM), "start", "--silent"]
    with servers.command(command, port, "/ready", cwd=MERCURIUS, DATABASE_URL=dsn, PORT=str(port)):
        yield port


def install_mercurius() -> bool:
    """Installs the locked packages of Mercurius from npm, unless they are there. Returns False when that fails, and
    prints why: the table then has no rows of it."""
    packages = MERCURIUS / "node_modules"
    if (packages / "mercurius").exists():
        return True
    command = [str(NPM), "ci", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"]
    done = subprocess.run(command, cwd=MERCURIUS, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if done.returncode:
        shutil.rmtree(packages, ignore_errors=True)
        print(f"Mercurius is not measured, because npm cannot install it:\n{done.stderr}", file=sys.stderr)
    return not done.returncode
