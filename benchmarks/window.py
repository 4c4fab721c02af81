"""A window: one measurement of one load on one server, for some seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cpu import Cpu


@dataclass(frozen=True, slots=True)
class Window:
    """The number of operations in a window, its duration in seconds, and the processor time that it used."""

    operations: int
    seconds: float
    cpu: Cpu

    @property
    def per_second(self) -> float:
        return self.operations / self.seconds

    @property
    def server_us(self) -> float:
        """The server's processor time per operation, in microseconds."""
        return self.cpu.server_seconds * 1e6 / self.operations

    @property
    def postgres_us(self) -> float:
        """PostgreSQL's processor time per operation, in microseconds."""
        return self.cpu.postgres_seconds * 1e6 / self.operations


def pooled(windows: Sequence[Window]) -> Window:
    """Combines several windows into one."""
    cpu = Cpu(0, 0)
    for window in windows:
        cpu += window.cpu
    return Window(sum(w.operations for w in windows), sum(w.seconds for w in windows), cpu)
