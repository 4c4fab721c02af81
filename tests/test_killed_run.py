"""A run that is killed leaves no process, no folder and no shared memory."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests import leftovers

CHECKOUT = Path(__file__).parents[1]
START_SECONDS = 120.0
GONE_SECONDS = 60.0

Run = Callable[..., "subprocess.Popen[bytes]"]


@dataclass(frozen=True)
class Kept:
    """What one process of a run keeps on this machine."""

    folder: Path
    clusters: tuple[Path, ...]
    segments: frozenset[tuple[str, str]]
    files: frozenset[Path]

    @classmethod
    def of(cls, folder: Path, *clusters: Path) -> "Kept":
        segments = frozenset(segment_of(cluster) for cluster in clusters)
        assert segments <= all_segments()
        return cls(folder, clusters, segments, frozenset(file for one in clusters for file in shared_files(one)))

    def left(self) -> list[object]:
        """What of it is still there."""
        paths = [path for path in (self.folder, *self.clusters, *self.files) if path.exists()]
        names = leftovers.names_of(self.folder, *self.clusters)
        return [*paths, *leftovers.processes(names), *(self.segments & all_segments())]


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Where the processes of a run say what they keep."""
    return tmp_path


@pytest.fixture
def run(told: Path) -> Iterator[Run]:
    """Starts a run of some of the tests of `killed_run`."""
    started: list[subprocess.Popen[bytes]] = []

    def starter(test: str, *options: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        process = subprocess.Popen(
            [*command, f"tests/killed_run.py::{test}"],
            cwd=CHECKOUT,
            env=kept | {"TOLD": str(told)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_heed_signals,
        )
        started.append(process)
        return process

    yield starter
    for process in started:
        process.kill()
        process.wait(10)


def _heed_signals() -> None:
    """A shell starts background commands with SIGINT ignored, and `nohup` with SIGHUP; both are inherited."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until_told(told: Path, process: "subprocess.Popen[bytes]", count: int = 1) -> dict[int, Kept]:
    """What the run keeps, by process, once that many of its processes have said so."""
    deadline = time.monotonic() + START_SECONDS
    while len(pids := [path.name for path in told.iterdir() if path.name.isdigit()]) < count:
        assert process.poll() is None, "the run ended by itself"
        assert time.monotonic() < deadline, "the run does not get as far"
        time.sleep(0.02)
    return {int(pid): Kept.of(*map(Path, (told / pid).read_text().splitlines())) for pid in pids}


def until_gone(*kept: Kept) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while left := [thing for one in kept for thing in one.left()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def segment_of(cluster: Path) -> tuple[str, str]:
    """The key and the id of the System V shared memory of a cluster that runs."""
    key, segment = (cluster / "postmaster.pid").read_text().splitlines()[6].split()
    return key, segment


def all_segments() -> set[tuple[str, str]]:
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {(str(int(key) % 2**32), segment) for key, segment, *_ in map(str.split, lines)}


def shared_files(cluster: Path) -> set[Path]:
    """The files of the POSIX shared memory of a cluster that runs."""
    pid = (cluster / "postmaster.pid").read_text().split()[0]
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    files = {Path(line.split()[-1]) for line in lines if "/dev/shm/PostgreSQL." in line}  # noqa: S108
    assert files
    return files


def test_run_that_is_told_to_end_leaves_nothing(run: Run, told: Path) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    processes = [run("test_cluster[0]") for _ in numbers]
    kept = until_told(told, processes[0], len(processes))
    for process, number in zip(processes, numbers, strict=True):
        process.send_signal(number)
    for process in processes:
        process.wait(GONE_SECONDS)
    until_gone(*kept.values())


def test_run_that_is_killed_beside_its_server_leaves_nothing(run: Run, told: Path) -> None:
    process = run("test_cluster_and_server")
    (kept,) = until_told(told, process).values()
    process.kill()
    until_gone(kept)


def test_worker_that_is_killed_leaves_nothing_and_so_does_its_controller(run: Run, told: Path) -> None:
    process = run("test_cluster", "-n", "2", "--dist", "load")
    (first, kept_by_first), (_, kept_by_second) = until_told(told, process, 2).items()
    os.kill(first, signal.SIGKILL)
    until_gone(kept_by_first)
    assert kept_by_second.folder.exists()
    process.kill()
    until_gone(kept_by_second)


@pytest.mark.parametrize("postgresql", ["lives", "was killed"])
def test_next_run_removes_what_nobody_removed(cluster_home: Path, tmp_path: Path, postgresql: str) -> None:
    parent = cluster_home / "runs"
    parent.mkdir(mode=0o755)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        dead = leftovers.folder_of(ended.pid)
    postgres = EmbeddedPostgres(parent / f"{dead}-x" / "data", durable=False, system_home=cluster_home / "home")
    lives = parent / f"{leftovers.folder_of(os.getpid())}-x"
    lives.mkdir()
    try:
        postgres.start()
        kept = Kept.of(postgres.data.parent, (postgres.data / "cluster").resolve())
        if postgresql == "was killed":
            for pid in leftovers.processes(leftovers.names_of(*kept.clusters)):
                with contextlib.suppress(ProcessLookupError):  # the others end by themselves, too
                    os.kill(pid, signal.SIGKILL)
        assert kept.segments <= all_segments()
        leftovers.sweep(parent)
        assert kept.left() == []
        assert list(parent.iterdir()) == [lives]
    finally:
        leftovers.remove(parent)
