"""Runs commands of Pocket Pay in processes of their own that have already imported it.

A new Python process uses more than a second of CPU time for the product's imports, and a test run starts about a
hundred commands. Here one process imports everything once and forks for each command. A command has its own process
id, environment, folder, files, signals and exit code. `cli/test_serve` covers starts of a new Python process.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerProcess
from pathlib import Path

IMPORTED = (
    "pocketpay.app",
    "pocketpay.cli.verbs",
    "pocketpay.cli.progress",
    "pocketpay.database.migrations",
    "pocketpay.importing.run",
    "pocketpay.onboarding.demo",
    "pocketpay.operations.audit",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "tests.frozen_imports",  # the last
)

_CONTEXT = multiprocessing.get_context("forkserver")


@dataclass
class Command:
    """A running command: the part of `subprocess.Popen` that the tests need."""

    _process: ForkServerProcess

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        """Returns its exit code, or None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        """Waits until it ends, and returns its exit code. Raises TimeoutExpired."""
        self._process.join(seconds)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, seconds or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(*arguments: str, folder: Path, environment: Mapping[str, str], out: Path, err: Path) -> Command:
    """Starts `pocketpay` with these arguments, in that folder, with exactly that environment."""
    for file in (out, err):
        file.touch()
    process = _CONTEXT.Process(
        target=_command, args=(arguments, folder, dict(environment), out, err), name=" ".join(arguments), daemon=True
    )
    process.start()
    return Command(process)


def run(
    *arguments: str, folder: Path, environment: Mapping[str, str], files: Path, seconds: float
) -> "subprocess.CompletedProcess[str]":
    """Runs it until it ends. Its output goes through two files in the folder `files`."""
    out, err = (files / f"{os.urandom(8).hex()}.{name}" for name in ("out", "err"))
    command = start(*arguments, folder=folder, environment=environment, out=out, err=err)
    try:
        code = command.wait(seconds)
    finally:
        command.kill()
    done = subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())
    out.unlink()
    err.unlink()
    return done


@contextmanager
def forking() -> Iterator[None]:
    """Stops the process that forks, at the end of the block. The first command starts it."""
    _CONTEXT.set_forkserver_preload(list(IMPORTED))
    try:
        yield
    finally:
        for helper in (forkserver._forkserver, resource_tracker._resource_tracker):
            stop: Callable[[], None] = helper._stop  # type: ignore[union-attr]
            stop()


def _command(arguments: tuple[str, ...], folder: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path, how in ((0, Path(os.devnull), os.O_RDONLY), (1, out, _WRITE), (2, err, _WRITE)):
        file = os.open(path, how, 0o644)
        os.dup2(file, number)
        os.close(file)
    sys.argv = ["pocketpay", *arguments]
    from pocketpay.cli import main

    main()


_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
