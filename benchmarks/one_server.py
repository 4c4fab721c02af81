"""Starts the server of this checkout alone, with a PostgreSQL and no limits for websockets, for a measurement."""

import shutil
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import checkout
from benchmarks.side import Side
from benchmarks.stopping import exit_on_signals, ignore_signals, run
from pocketpay.cli.listening import raise_open_files

UNLIMITED = {"CONNECTIONS_PER_ADDRESS": "0", "SOCKETS_PER_USER": "10000", "SOCKETS_PER_ADDRESS": "10000"}

T = TypeVar("T")


def measured(measure: Callable[[Side], Coroutine[Any, Any, T]]) -> tuple[T, str]:
    """Returns the result of `measure` for the running server, and the last line of the audit after it.

    The server and its files are removed, also when a signal stops the measurement.
    """
    exit_on_signals()
    raise_open_files()
    with ExitStack() as cleanup:
        home = Path(tempfile.mkdtemp(prefix="pocketpay-measured-"))
        cleanup.callback(shutil.rmtree, home, ignore_errors=True)
        try:
            side = Side(checkout.working_tree(home / "version"), home / "side", **UNLIMITED)
            cleanup.callback(side.close)
            side.start()
            side.wait()
            return run(measure(side)), side.audit()
        finally:
            ignore_signals()
