"""Removes everything that a test run creates, however the run ends.

    python tests/leftovers.py FOLDER [PROCESS]

A run keeps everything in one folder. This program, the watchdog, runs at the same time; its standard input is a pipe
that only the run holds open. When the run ends, the kernel closes the pipe, and the watchdog removes what is left:
the run's processes, their shared memory, the folder, and the clusters that links in the folder point to. After a
normal end nothing is left to remove. PROCESS is the open pidfd of a process that the run depends on (the controller
of a worker): when that process ends, the watchdog ends the run too.

The folder's name contains the process id and the start time of its run. So the next run can remove what is left when
the watchdog was killed too, and never removes the folder of a run that is still active.

The watchdog starts with every run, so it imports only the standard library.
"""

import contextlib
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PREFIX = "pocketpay-tests-"
MARK = "POCKETPAY_TESTS_FOLDER"
"""The environment variable with the run's folder, for the processes that a run starts."""

STOP_SECONDS = 5.0
"""An immediate shutdown of PostgreSQL takes less than a second; after this time it is killed."""


@contextlib.contextmanager
def run_folder(parent: str | None, *, controller: int | None = None) -> Iterator[Path]:
    """Creates a folder for this process. It is removed at the end of the block or of this process, whichever is
    first.

    `controller` is the id of the process that this one works for. Raises AssertionError when a process that uses the
    folder is still running after the block.
    """
    sweep(Path(parent or tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{folder_of(os.getpid())}-", dir=parent))
    folder.chmod(0o755)
    os.environ[MARK] = str(folder)
    with _watched(folder, controller) as watchdog:
        yield folder
        del os.environ[MARK]
        deadline = time.monotonic() + STOP_SECONDS
        while (left := set(processes(names_of(folder))) - {watchdog}) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not left, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]
        shutil.rmtree(folder)


@contextlib.contextmanager
def _watched(folder: Path, controller: int | None) -> Iterator[int]:
    handles = [] if controller is None else [os.pidfd_open(process) for process in (controller, os.getpid())]
    watchdog = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(folder), *map(str, handles)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        pass_fds=handles,
        start_new_session=True,  # signals to the run's terminal or process group must not reach it
    )
    for handle in handles:
        os.close(handle)
    try:
        yield watchdog.pid
    finally:
        watchdog.communicate()


def folder_of(pid: int) -> str:
    """Returns the prefix of the name of that process's folder."""
    return f"{PREFIX}{pid}-{_started_at(pid)}"


def sweep(parent: Path) -> None:
    """Removes the folders in `parent` whose runs have ended."""
    for folder in parent.glob(f"{PREFIX}*"):
        owner = re.fullmatch(rf"{PREFIX}(\d+)-\d+-\w+", folder.name)
        if owner is not None and owner[0].rpartition("-")[0] != folder_of(int(owner[1])):
            remove(folder)


def remove(folder: Path) -> None:
    """Removes a folder and everything that belongs to it. Several processes may call it at the same time."""
    clusters = _clusters(folder)
    names = names_of(folder, *clusters)
    # Servers first: they would restart their PostgreSQL.
    _end(lambda: [pid for pid in processes(names) if not _is_postgres(pid)], signal.SIGKILL)
    _end(lambda: [pid for pid in processes(names) if _is_postmaster(pid)], signal.SIGQUIT)
    _end(lambda: processes(names), signal.SIGKILL)
    for cluster in clusters:
        _free_shared_memory(cluster)
        shutil.rmtree(cluster, ignore_errors=True)
    for disk in _mounted_in(folder):
        subprocess.run(["umount", "--lazy", disk], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(folder, ignore_errors=True)


def _mounted_in(folder: Path) -> list[str]:
    """Returns the file systems that a test has mounted in the folder."""
    mounts = (line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines())
    return [path for path in mounts if path.startswith(f"{folder}/")]


def _clusters(folder: Path) -> list[Path]:
    """Returns the clusters in the folder, and those outside it that a data directory in it links to."""
    found = []
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):  # a link whose target does not exist yet is among the files
            path = Path(at, name)
            if name in ("cluster", "cluster.new") and path.is_symlink():
                found.append(path.resolve())
            elif (path / "PG_VERSION").exists():
                found.append(path)
        folders[:] = [name for name in folders if not Path(at, name, "PG_VERSION").exists()]
    return found


def names_of(*paths: Path) -> list[bytes]:
    """Returns the forms in which those paths can be written, including their form in a DSN."""
    return [os.fsencode(name) for path in paths for name in (str(path), str(path).replace("/", "%2F"))]


def processes(names: Sequence[bytes]) -> list[int]:
    """Returns the processes with one of the names in their command line, environment, program or working folder."""
    own = os.getpid()
    return [pid for pid in _pids() if pid != own and any(name in fact for fact in _facts(pid) for name in names)]


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _facts(pid: int) -> Iterator[bytes]:
    for name in ("cmdline", "environ"):
        with contextlib.suppress(OSError):
            yield Path(f"/proc/{pid}/{name}").read_bytes()
    for name in ("exe", "cwd"):
        with contextlib.suppress(OSError):
            yield os.fsencode(os.readlink(f"/proc/{pid}/{name}"))


def _is_postgres(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "postgres"
    return False


def _is_postmaster(pid: int) -> bool:
    """Returns whether that is a PostgreSQL process that no other PostgreSQL process started."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        return _is_postgres(pid) and not _is_postgres(parent)
    return False


def _end(those: Callable[[], list[int]], number: signal.Signals) -> None:
    """Sends the signal until no process is left, for at most STOP_SECONDS."""
    deadline = time.monotonic() + STOP_SECONDS
    while (pids := those()) and time.monotonic() < deadline:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        time.sleep(0.05)


def _free_shared_memory(cluster: Path) -> None:
    """Frees the shared memory of a killed PostgreSQL. Only PostgreSQL can find it, so it is started once more and
    stopped."""
    if not (cluster / "postmaster.pid").exists():
        return
    # These files would prevent the start while the parent of the killed one has not yet waited for it.
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (cluster / name).unlink(missing_ok=True)
    owner = cluster.stat()
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        postmaster = subprocess.Popen(
            shlex.split((cluster / "postmaster.opts").read_text()),
            cwd=cluster,  # its options can name the working directory as the path of the cluster
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=None if owner.st_uid == os.geteuid() else owner.st_uid,
            group=None if owner.st_uid == os.geteuid() else owner.st_gid,
            extra_groups=None if owner.st_uid == os.geteuid() else [],
        )
        deadline = time.monotonic() + STOP_SECONDS
        while postmaster.poll() is None and not _is_ready(cluster, postmaster.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        postmaster.send_signal(signal.SIGQUIT)
        try:
            postmaster.wait(STOP_SECONDS)
        finally:
            postmaster.kill()


def _is_ready(cluster: Path, pid: int) -> bool:
    with contextlib.suppress(OSError):
        lines = (cluster / "postmaster.pid").read_text().split()
        return lines[:1] == [str(pid)] and lines[-1] == "ready"
    return False


def _started_at(pid: int) -> int | None:
    """Returns the start time of that process in the kernel's ticks, or None when it does not exist."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return None


def watch(folder: Path, controller: int | None = None, run: int | None = None) -> None:
    """Waits until the run ends, kills it when its controller ends, and removes what is left."""
    while True:
        ready, _, _ = select.select([0] if controller is None else [0, controller], [], [])
        if 0 in ready:
            break
        if run is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(run, signal.SIGKILL)
        controller = None
    remove(folder)


if __name__ == "__main__":
    watch(Path(sys.argv[1]), *map(int, sys.argv[2:]))
