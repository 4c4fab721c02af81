"""Server processes as an operator runs them: with a folder, settings in the environment, signals, exit codes and a
log."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pocketpay
from tests import commands, data_directories, leftovers
from tests.commands import Command
from tests.patience import PATIENCE_SECONDS

START_SECONDS = 60.0
"""The first start creates a database. With other tests running at the same time that can take half a minute."""

NO_CONFIRMATION = {"LARGE_TRANSFER_ACTION": "off", "NEW_RECIPIENT_ACTION": "off", "RAPID_TRANSFER_ACTION": "off"}
"""Settings with which no payment needs a confirmation."""


@dataclass
class Running:
    """A running `pocketpay serve` at `url`. Its standard output and its log are files."""

    process: "Command | subprocess.Popen[bytes]"
    url: str
    log: Path

    def stop(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Stops it as an operator does, and returns the exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kills it, as a power failure would."""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def tracebacks(self) -> list[str]:
        """Returns the lines of its log that contain an unexpected error."""
        signs = ("Traceback", '"failed"', "Exception", '"level":"error"')
        return [line for line in self.log.read_text().splitlines() if any(sign in line for sign in signs)]


@dataclass
class Installation:
    """A folder with one data directory, the settings of its servers, and the servers that run in it."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    _started: list[Running] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / ".pocketpay"

    def start(self, *arguments: str, **settings: str) -> Running:
        """Starts a server, on a free port unless PORT is set. Returns when it accepts requests."""
        name = f"server-{len(self._started)}"
        said, log = self.folder / f"{name}.out", self.folder / f"{name}.log"
        environment = self._environment({"PORT": "0"} | settings)
        process = commands.start("serve", *arguments, folder=self.folder, environment=environment, out=said, err=log)
        running = Running(process, "", log)
        self._started.append(running)
        running.url = _until_it_serves(process, said, log)
        return running

    def start_anew(self, python: str, **settings: str) -> Running:
        """Starts a server in a new process of that Python, which must have the product's dependencies."""
        name = f"server-{len(self._started)}"
        said, log = self.folder / f"{name}.out", self.folder / f"{name}.log"
        with said.open("wb") as out, log.open("wb") as err:
            process = subprocess.Popen(
                [python, "-m", "pocketpay", "serve"],
                cwd=self.folder,
                env=self._environment({"PORT": "0"} | settings),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        running = Running(process, "", log)
        self._started.append(running)
        running.url = _until_it_serves(process, said, log)
        return running

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Runs a command until it ends."""
        return commands.run(
            *arguments,
            folder=self.folder,
            environment=self._environment(settings),
            files=self.folder,
            seconds=START_SECONDS,
        )

    def kill_postgres(self) -> int:
        """Kills the postmaster and all its children at once. Returns the number of processes."""
        pids = self.postgres()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)

    def postgres(self) -> list[int]:
        """Returns the process ids of this folder's PostgreSQL, the postmaster first."""
        cluster = self.data / "cluster"
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit() and _is_postgres_of(int(name), cluster)]
        with contextlib.suppress(OSError, ValueError):
            postmaster = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
            pids.sort(key=lambda pid: pid != postmaster)
        return pids

    def close(self) -> None:
        """Kills what a test left running, and removes the data."""
        for running in self._started:
            if running.process.poll() is None:
                running.process.terminate()
        for running in self._started:
            try:
                running.process.wait(15)
            except subprocess.TimeoutExpired:
                running.kill()
        leftovers.remove(self.folder)

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        here = str(Path(pocketpay.__file__).parents[1])  # for the workers that a server starts
        return {"PATH": os.environ["PATH"], "PYTHONPATH": here} | self.settings | settings


def _until_it_serves(process: "Command | subprocess.Popen[bytes]", said: Path, log: Path) -> str:
    """Waits until the server prints its URL, and returns it."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        first = said.read_text().partition("\n")
        if first[1]:
            return first[0].removeprefix("Pocket Pay is running at ").removesuffix("/graphql")
        assert process.poll() is None, f"It ended with {process.returncode}: {log.read_text()}"
        time.sleep(0.02)
    raise AssertionError(f"It does not serve: {log.read_text()}")


def _is_postgres_of(pid: int, cluster: Path) -> bool:
    """Returns whether that is a running process of that cluster's PostgreSQL. A zombie has no working folder."""
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", cluster) and "postgres" in os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False


@contextlib.contextmanager
def installation(folder: Path, data: Path | None = None, /, **settings: str) -> Iterator[Installation]:
    """Creates an installation in a new folder, with a copy of the data directory `data` if that is given. Removes it
    at the end, with the cluster that root's servers have elsewhere."""
    folder.mkdir()
    made = Installation(folder, settings)
    if data is not None:
        data_directories.copy(data, made.data)
    try:
        yield made
    finally:
        made.close()
