"""One measured window: some seconds of one load on one server."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cpu import Cpu


@dataclass(frozen=True, slots=True)
class Window:
    """Operations done, how long it took, and the processor time used for them."""

    operations: int
    seconds: float
    cpu: Cpu

    @property
    def per_second(self) -> float:
        return self.operations / self.seconds

    @property
    def server_us(self) -> float:
        """Microseconds of the server's processor time for one operation."""
        return self.cpu.server_seconds * 1e6 / self.operations

    @property
    def postgres_us(self) -> float:
        """Microseconds of PostgreSQL's processor time for one operation."""
        return self.cpu.postgres_seconds * 1e6 / self.operations


def pooled(windows: Sequence[Window]) -> Window:
    """Several windows as one long one."""
    cpu = Cpu(0, 0)
    for window in windows:
        cpu += window.cpu
    return Window(sum(w.operations for w in windows), sum(w.seconds for w in windows), cpu)
