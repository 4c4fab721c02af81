import os
import time

from benchmarks.cpu import TICKS_PER_SECOND, ProcessTime, parse_stat, read, tree_seconds

REST = "S {parent} 7 7 0 -1 4194560 900 0 0 0 {times} 20 0 5 0 5000 1000 100"


def stat(pid: int, name: str, parent: int, times: str) -> str:
    return f"{pid} ({name}) {REST.format(parent=parent, times=times)}\n"


def test_stat_contains_the_parent_the_threads_and_the_cpu_time_with_ended_children() -> None:
    times = f"{3 * TICKS_PER_SECOND} {TICKS_PER_SECOND} {2 * TICKS_PER_SECOND} 0"
    assert parse_stat(stat(41, "python", 7, times)) == ProcessTime(41, 7, 5, own_seconds=4, ended_seconds=2)


def test_a_command_name_may_contain_spaces_and_parentheses() -> None:
    assert parse_stat(stat(41, "postgres: io (worker) 1", 7, "0 0 0 0")) == ProcessTime(41, 7, 5, 0, 0)


def test_a_tree_is_the_root_and_all_its_descendants() -> None:
    processes = [
        ProcessTime(10, 1, 1, 1, 0.5),
        ProcessTime(11, 10, 1, 2, 0),
        ProcessTime(12, 11, 1, 4, 0),
        ProcessTime(20, 1, 1, 8, 0),
    ]
    assert tree_seconds(processes, 10) == 7.5
    assert tree_seconds(processes, 20) == 8


def test_a_process_that_has_ended_counts_as_zero_cpu_time() -> None:
    assert tree_seconds([ProcessTime(10, 1, 1, 5, 0)], 99) == 0


def test_the_cpu_time_of_this_process_is_counted() -> None:
    pid, before = os.getpid(), read(os.getpid(), 0).server_seconds
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert 0.02 <= read(pid, 0).server_seconds - before <= 1
