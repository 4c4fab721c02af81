"""A test run that is killed leaves no process, no folder and no shared memory."""

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
OPTIONS = [f"-c={os.devnull}", f"--rootdir={CHECKOUT}", "--noconftest", "-p", "tests.run_home"]
OPTIONS += ["-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:asyncio"]
START_SECONDS = 120.0
GONE_SECONDS = 60.0

Run = Callable[..., "subprocess.Popen[bytes]"]


@dataclass(frozen=True)
class Kept:
    """The resources that one process of a run uses on this machine."""

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
        """Returns the resources that still exist."""
        paths = [path for path in (self.folder, *self.clusters, *self.files) if path.exists()]
        names = leftovers.names_of(self.folder, *self.clusters)
        return [*paths, *leftovers.processes(names), *(self.segments & all_segments())]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """The folder in which the processes of a run report their resources."""
    return tmp_path


@pytest.fixture
def run(reports: Path, seeded_data: Path) -> Iterator[Run]:
    """Starts a run with some of the tests of `killed_run`."""
    started: list[subprocess.Popen[bytes]] = []

    def starter(test: str, *options: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "pytest", *OPTIONS, *options]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        process = subprocess.Popen(
            [*command, f"tests/killed_run.py::{test}"],
            cwd=CHECKOUT,
            env=kept | {"TOLD": str(reports), "SEEDED": str(seeded_data)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_restore_signals,
        )
        started.append(process)
        return process

    yield starter
    for process in started:
        process.kill()
        process.wait(GONE_SECONDS)


def _restore_signals() -> None:
    """Restores the default signal handlers. Shells start background commands with SIGINT ignored, `nohup` with SIGHUP
    ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until_reported(reports: Path, process: "subprocess.Popen[bytes]", count: int = 1) -> dict[int, Kept]:
    """Waits until that many processes of the run have reported. Returns their resources by process id."""
    deadline = time.monotonic() + START_SECONDS
    while len(pids := [path.name for path in reports.iterdir() if path.name.isdigit()]) < count:
        assert process.poll() is None, "the run ended by itself"
        assert time.monotonic() < deadline, "the run did not report in time"
        time.sleep(0.02)
    return {int(pid): Kept.of(*map(Path, (reports / pid).read_text().splitlines())) for pid in pids}


def until_gone(*kept: Kept) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while left := [thing for one in kept for thing in one.left()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.2)  # a look at every process of the machine takes 20 ms


def segment_of(cluster: Path) -> tuple[str, str]:
    """Returns the key and the id of the System V shared memory of a running cluster."""
    key, segment = (cluster / "postmaster.pid").read_text().splitlines()[6].split()
    return key, segment


def all_segments() -> set[tuple[str, str]]:
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {(str(int(key) % 2**32), segment) for key, segment, *_ in map(str.split, lines)}


def shared_files(cluster: Path) -> set[Path]:
    """Returns the files of the POSIX shared memory of a running cluster."""
    pid = (cluster / "postmaster.pid").read_text().split()[0]
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    files = {Path(line.split()[-1]) for line in lines if "/dev/shm/PostgreSQL." in line}  # noqa: S108
    assert files
    return files


def test_a_run_stopped_by_a_signal_leaves_nothing(run: Run, reports: Path) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    processes = [run("test_cluster[0]") for _ in numbers]
    kept = until_reported(reports, processes[0], len(processes))
    for process, number in zip(processes, numbers, strict=True):
        process.send_signal(number)
    for process in processes:
        process.wait(GONE_SECONDS)
    until_gone(*kept.values())


def test_a_run_killed_while_its_server_runs_leaves_nothing(run: Run, reports: Path) -> None:
    process = run("test_cluster_and_server")
    (kept,) = until_reported(reports, process).values()
    process.kill()
    until_gone(kept)


def test_a_killed_worker_and_its_controller_leave_nothing(run: Run, reports: Path) -> None:
    process = run("test_cluster", "-n", "2", "--dist", "load")
    (first, kept_by_first), (_, kept_by_second) = until_reported(reports, process, 2).items()
    os.kill(first, signal.SIGKILL)
    until_gone(kept_by_first)
    assert kept_by_second.folder.exists()
    process.kill()
    until_gone(kept_by_second)


@pytest.mark.parametrize("postgresql", ["lives", "was killed"])
def test_the_next_run_removes_what_a_killed_run_left(cluster_home: Path, tmp_path: Path, postgresql: str) -> None:
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
                with contextlib.suppress(ProcessLookupError):  # the other processes end by themselves
                    os.kill(pid, signal.SIGKILL)
        assert kept.segments <= all_segments()
        leftovers.sweep(parent)
        assert kept.left() == []
        assert list(parent.iterdir()) == [lives]
    finally:
        leftovers.remove(parent)


def test_a_disk_that_is_mounted_in_the_folder_is_removed_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    disk = folder / "disk"
    disk.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a disk")
    (disk / "file").touch()
    leftovers.remove(folder)
    assert not folder.exists()
    assert str(disk) not in Path("/proc/self/mounts").read_text()
