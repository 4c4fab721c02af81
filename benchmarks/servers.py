"""The servers under load, each a process of its own on a free port of this machine."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.errors import BenchmarkError

HERE = Path(__file__).parent
START_SECONDS = 60
NO_LIMITS = {"deposit_limit": "10000000000.00", "transfer_limit": "10000000000.00"}
"""Settings under which limits are counted and never reached."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(arguments: list[str], port: int, ready: str, *, cwd: Path | None = None, **env: str) -> Iterator[int]:
    """That Python command for as long as the block lasts, once `ready` answers; gives its process id."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=cwd, env={**os.environ, **env})
    try:
        wait_until_ready(process, f"http://127.0.0.1:{port}{ready}")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


@contextlib.contextmanager
def pocketpay(data: Path, *, workers: int = 1, **more: str) -> Iterator[tuple[int, int]]:
    """Our server on the embedded database in `data`, in so many processes and with `more`
    settings; gives (port, process id).

    Authentication, idempotency keys, all three rules, limits and all guards are on. The rapid rule counts, but asks
    only from the thousandth payment of a minute on, and no limit is ever reached, so that the load is of completed
    payments. A minute, so that it counts the dozen payments of somebody in a hurry, and not all of a long run.
    """
    port = free_port()
    settings = {
        "POCKETPAY_DATA": str(data),
        "PORT": str(port),
        "RAPID_TRANSFER_COUNT": "1000",
        "RAPID_TRANSFER_WINDOW_MINUTES": "1",
        **{name.upper(): value for name, value in NO_LIMITS.items()},
        "LOG_LEVEL": "warning",
        **more,
    }
    with running(["-m", "pocketpay", "serve", "--workers", str(workers)], port, "/readyz", **settings) as pid:
        yield port, pid


@contextlib.contextmanager
def bare() -> Iterator[int]:
    """The bare JSON endpoint; gives its port."""
    port = free_port()
    with running(_uvicorn("benchmarks.bare:app", port), port, "/"):
        yield port


@contextlib.contextmanager
def reference(dsn: str, *, workers: int = 1) -> Iterator[int]:
    """The reference backend on that database, in so many processes; gives its port."""
    port = free_port()
    url = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    command = [*_uvicorn("app.main:app", port), "--workers", str(workers)]
    with running(command, port, "/docs", cwd=HERE / "reference", DATABASE_URL=url):
        yield port


def _uvicorn(application: str, port: int) -> list[str]:
    flags = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return ["-m", "uvicorn", application, "--port", str(port), *flags]


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Returns when the server answers at that URL. Raises BenchmarkError when it ends or stays silent."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise BenchmarkError(f"the server of {url} ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except urllib.error.HTTPError as answered:
            if answered.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise BenchmarkError(f"{url} did not answer within {START_SECONDS} s")
