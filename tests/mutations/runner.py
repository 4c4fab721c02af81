"""Gives tasks to workers, two at a time, and collects what each one found."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.databases import TEMPLATE

SECONDS = 300
"""A test takes a few seconds; on a busy machine many. After this time its process is killed."""


@dataclass(frozen=True, slots=True)
class Task:
    """Removes the guard, or executes the statements in a copy of the database `template`, and runs the tests."""

    name: str
    tests: tuple[str, ...]
    guard: str = ""
    statements: tuple[str, ...] = ()
    template: str = TEMPLATE


@dataclass(frozen=True, slots=True)
class Found:
    """`result` is "killed" if a test failed, else "survived", "does not apply", "too slow" or "error". `test` is the
    first test that failed."""

    task: Task
    result: str
    test: str
    seconds: float
    output: str


@contextmanager
def workers(data: Path, home: Path, many: int) -> "Iterator[SimpleQueue[subprocess.Popen[str]]]":
    """Starts the worker processes, and ends them after the block."""
    idle: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    command = [sys.executable, "-m", "tests.mutations.worker", str(data), str(home)]
    with ExitStack() as stack:
        for _ in range(many):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            assert process.stdin is not None
            stack.callback(process.stdin.close)
            idle.put(process)
        yield idle


def run(tasks: Sequence[Task], idle: "SimpleQueue[subprocess.Popen[str]]", many: int) -> Iterator[Found]:
    """Yields the result of each task as soon as it is known."""
    threads = ThreadPoolExecutor(many)
    try:
        for done in as_completed([threads.submit(_run, task, idle) for task in tasks]):
            yield done.result()
    finally:
        threads.shutdown(cancel_futures=True)


def _run(task: Task, idle: "SimpleQueue[subprocess.Popen[str]]") -> Found:
    worker = idle.get()
    try:
        assert worker.stdin is not None
        assert worker.stdout is not None
        asked = {**asdict(task), "seconds": SECONDS}
        print(json.dumps(asked), file=worker.stdin, flush=True)
        line = worker.stdout.readline()
        assert line, f"a worker ended at {task.name}"
        found: dict[str, Any] = json.loads(line)
    finally:
        idle.put(worker)
    return Found(task, found["result"], found["test"], found["seconds"], found.get("output", ""))
