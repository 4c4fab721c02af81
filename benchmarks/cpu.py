"""Processor time of a server and of its PostgreSQL, read from /proc.

A figure is the time of a whole process tree. It is the own time of every running process (utime and stime), plus the
time of ended children that their parent has collected (cutime and cstime). So the time of a child that ends between
two readings is not lost. /proc/<pid>/stat counts in ticks of 10 ms. For a process with one thread, like those of
PostgreSQL, /proc/<pid>/schedstat has the same figure in nanoseconds; it is used where the kernel has it.
"""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessTime:
    """One process: its parent, its number of threads, and the processor seconds of itself and of its ended
    children."""

    pid: int
    parent: int
    threads: int
    own_seconds: float
    ended_seconds: float


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor time of one side, in seconds."""

    server_seconds: float
    postgres_seconds: float

    def __add__(self, other: "Cpu") -> "Cpu":
        return Cpu(
            self.server_seconds + other.server_seconds,
            self.postgres_seconds + other.postgres_seconds,
        )

    def __sub__(self, earlier: "Cpu") -> "Cpu":
        return Cpu(
            self.server_seconds - earlier.server_seconds,
            self.postgres_seconds - earlier.postgres_seconds,
        )


def parse_stat(text: str) -> ProcessTime:
    """Parses /proc/<pid>/stat. The command's name is in parentheses and may itself contain spaces and parentheses."""
    pid, _, rest = text.partition(" ")
    fields = rest.rpartition(")")[2].split()
    # fields[0] is field 3 of proc(5). Field 4 is ppid, 14 to 17 are utime, stime, cutime, cstime, 20 is num_threads.
    utime, stime, cutime, cstime = (int(ticks) / TICKS_PER_SECOND for ticks in fields[11:15])
    return ProcessTime(int(pid), int(fields[1]), int(fields[17]), utime + stime, cutime + cstime)


def tree_seconds(processes: Iterable[ProcessTime], root: int) -> float:
    """Processor seconds of the process `root` and all its descendants; 0 when the process does not exist."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for process in processes:
        used[process.pid] = process.own_seconds + process.ended_seconds
        children[process.parent].append(process.pid)
    seconds, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        seconds += used.get(pid, 0)
        waiting += children[pid]
    return seconds


def tree(root: int) -> list[int]:
    """The ids of the process `root` and all its descendants."""
    processes = _running()
    found = [root]
    for pid in found:
        found += [process.pid for process in processes if process.parent == pid]
    return found


def read(server: int, postmaster: int) -> Cpu:
    """Reads the processor time of both process trees. PostgreSQL is not a child of the server: pg_ctl detaches it."""
    processes = _running()
    return Cpu(tree_seconds(processes, server), tree_seconds(processes, postmaster))


def _running() -> list[ProcessTime]:
    processes = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                processes.append(_process(Path("/proc", name)))
            except OSError:
                continue  # it has just ended
    return processes


def _process(folder: Path) -> ProcessTime:
    process = parse_stat((folder / "stat").read_text())
    if process.threads == 1 and (folder / "schedstat").exists():
        nanoseconds = int((folder / "schedstat").read_text().split()[0])
        process = replace(process, own_seconds=nanoseconds / 1e9)
    return process
