"""A progress bar on a terminal. Without a terminal it prints nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class ProgressBars:
    """One progress bar for each stage, on stderr. It disappears when the stage ends."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Yields a function to call during the block with the number of items done; `total` is the number of all."""
        if not self._console.is_terminal:
            yield lambda _: None
            return
        columns = (
            TextColumn("{task.description:>10}"),
            BarColumn(),
            TaskProgressColumn(show_speed=True),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task(name, total=total)
            yield lambda done: bars.update(task, advance=done)
