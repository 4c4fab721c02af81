"""A progress bar on a terminal. Without a terminal it prints nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ProgressBars:
    """One progress bar for each stage, on stderr. It disappears when the stage ends."""

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Yields a function to call during the block with the number of items done; `total` is the number of all
        items."""
        if not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description:>10}"),
            BarColumn(),
            TaskProgressColumn(show_speed=True),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(name, total=total)
            yield lambda done: bars.update(task, advance=done)
