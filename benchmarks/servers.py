"""Starts the servers to measure. Each one is a separate process on a free port of this machine."""

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
"""Settings with limits that are checked and never reached."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(arguments: list[str], port: int, ready: str, *, cwd: Path | None = None, **env: str) -> Iterator[int]:
    """Runs a Python command during the block. Yields its process id when the path `ready` responds."""
    with command([sys.executable, *arguments], port, ready, cwd=cwd, **env) as pid:
        yield pid


@contextlib.contextmanager
def command(words: list[str], port: int, ready: str, *, cwd: Path | None = None, **env: str) -> Iterator[int]:
    """Runs a command during the block. Yields its process id when the path `ready` responds.

    It gets a process group of its own, because npm does not pass a signal on to the program that it runs.
    """
    process = subprocess.Popen(words, cwd=cwd, env={**os.environ, **env}, process_group=0)
    try:
        wait_until_ready(process, f"http://127.0.0.1:{port}{ready}")
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def pocketpay(data: Path, *, workers: int = 1, **more: str) -> Iterator[tuple[int, int]]:
    """Runs Pocket Pay on the embedded database in `data`, with `workers` processes and the settings in `more`.

    Yields the port and the process id. Authentication, idempotency keys, the risk rules, limits and all guards are
    on. No limit is ever reached, and the rapid rule asks for confirmation only from the thousandth payment within a
    minute on, so that all payments complete. Its window is one minute, so that it counts a realistic number of
    payments and not all payments of a long run.
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
    """Runs the bare JSON endpoint. Yields its port."""
    port = free_port()
    with running(uvicorn("benchmarks.bare:app", port), port, "/"):
        yield port


@contextlib.contextmanager
def reference(dsn: str, *, workers: int = 1) -> Iterator[int]:
    """Runs the reference backend on the database at `dsn`, with `workers` processes. Yields its port."""
    port = free_port()
    url = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    command = [*uvicorn("app.main:app", port), "--workers", str(workers)]
    with running(command, port, "/docs", cwd=HERE / "reference", DATABASE_URL=url):
        yield port


def uvicorn(application: str, port: int) -> list[str]:
    """The arguments of Python that serve an application with uvloop and httptools, without an access log."""
    flags = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return ["-m", "uvicorn", application, "--port", str(port), *flags]


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Waits until the server responds at the URL. Raises BenchmarkError when it exits or does not respond in time."""
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
