"""`pocketpay serve` as an operator runs it: real processes, signals and exit codes."""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pocketpay
from pocketpay.cli import listening
from pocketpay.database import revisions
from pocketpay.database.embedded.programs import SYSTEM_HOME

Start = Callable[..., subprocess.Popen[str]]

UNFINISHED = (
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
)
"""A request whose body never arrives: it stays open until the server drops it."""


@pytest.fixture(scope="module")
def folder(cluster_home: Path) -> Iterator[Path]:
    """The working directory of these servers."""
    untouched = not SYSTEM_HOME.exists()
    folder = cluster_home / "served"
    folder.mkdir()
    yield folder
    if untouched:
        shutil.rmtree(SYSTEM_HOME, ignore_errors=True)


@pytest.fixture(scope="module")
def port() -> int:
    with listening.listen("127.0.0.1", 0) as listener:
        number: int = listener.getsockname()[1]
        return number


@pytest.fixture
def start(folder: Path, port: int) -> Iterator[Start]:
    """Starts `pocketpay` with arguments and settings; kills what a test leaves running."""
    started: list[subprocess.Popen[str]] = []

    def starter(*arguments: str, **settings: str) -> subprocess.Popen[str]:
        here = [str(Path(pocketpay.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        kept = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, here))}
        process = subprocess.Popen(
            [sys.executable, "-m", "pocketpay", *arguments],
            cwd=folder,
            env={**kept, "PORT": str(port), **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield starter
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def until_healthy(process: subprocess.Popen[str], port: int) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=40) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    pytest.fail(f"it ended with {process.returncode}: {process.communicate()}")


def readiness(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=40) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return int(answer.code)


def until_refused(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=40).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.02)


def logged(process: subprocess.Popen[str], text: str, times: int) -> str:
    """Reads the log until it contains the text so often. Returns what it has read."""
    assert process.stderr is not None
    read = b""
    while read.decode().count(text) < times:
        assert select.select([process.stderr], [], [], 60)[0], read
        read += os.read(process.stderr.fileno(), 65_536)
    return read.decode()


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(stat.parent.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def postmaster(folder: Path) -> int | None:
    try:
        return int((folder / ".pocketpay" / "cluster" / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):  # the file exists before anything is written to it
        return None


def test_a_second_server_is_refused_and_stopping_ends_with_zero_and_stops_postgresql(
    start: Start, folder: Path, port: int
) -> None:
    process = start("serve")
    until_healthy(process, port)
    assert postmaster(folder) is not None
    second = start("serve")
    _, err = second.communicate(timeout=60)
    assert second.returncode == 1
    assert err == f"Port {port} of 127.0.0.1 is already in use. Stop the process that uses it, or set PORT.\n"
    until_healthy(process, port)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == 0, err
    assert f"http://127.0.0.1:{port}/graphql" in out
    assert "Sign in as alice, bob or carol, or as the operator olivia, with the password" in out
    assert "Traceback" not in err
    assert postmaster(folder) is None


# Each way to start and each signal at least once; a signal has the same effect for every way to start.
@pytest.mark.parametrize(
    ("arguments", "number"), [(("serve",), signal.SIGINT), (("serve", "--workers", "2"), signal.SIGTERM)], ids=str
)
def test_stopping_during_the_start_leaves_nothing_running(
    start: Start, folder: Path, arguments: tuple[str, ...], number: signal.Signals
) -> None:
    process = start(*arguments)
    while postmaster(folder) is None and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)  # a second signal does not interrupt the shutdown
    _, err = process.communicate(timeout=60)
    # The second signal may also arrive when everything is closed and only Python itself is still ending.
    assert process.returncode in (0, -signal.SIGTERM), err
    assert "Traceback" not in err
    assert postmaster(folder) is None


def test_a_second_signal_ends_a_slow_stop_immediately(start: Start, folder: Path, port: int) -> None:
    process, number = start("serve"), signal.SIGINT
    assert process.stdout is not None
    assert "is running at" in process.stdout.readline()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(UNFINISHED)
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        process.send_signal(number)
        until_refused(port)
        assert process.poll() is None, "the unfinished request delays the stop"
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert "Traceback" not in err
    assert postmaster(folder) is None


def metrics(port: int) -> dict[str, float]:
    """Every series of the server, with its value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=40) as answer:
        lines = answer.read().decode().splitlines()
    return {series: float(value) for series, value in (one.rsplit(" ", 1) for one in lines if one[0] != "#")}


def test_a_dead_worker_is_replaced_and_all_workers_drain_until_a_second_signal(
    start: Start, folder: Path, port: int
) -> None:
    process = start(
        "serve", "--workers", "2", SECRET_KEY="secret-key-of-this-server-and-no-other", DRAIN_SECONDS="300"
    )
    until_healthy(process, port)
    assert process.stdout is not None
    assert "is running at" in process.stdout.readline()
    for _ in range(20):
        query = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql", b'{"query": "{ __typename }"}', {"content-type": "application/json"}
        )
        urllib.request.urlopen(query, timeout=40).close()
    counted = 'pocketpay_operations_total{code="",operation="other",outcome="ok",type="query"}'
    for _ in range(4):  # whichever worker answers
        found = metrics(port)
        assert found[counted] == 20
        assert (found["pocketpay_workers"], found["pocketpay_workers_answering"]) == (2, 2)
    first, second = children(process.pid)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while len(workers := children(process.pid)) < 2 or first in workers:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert second in workers
    while (found := metrics(port))["pocketpay_workers_answering"] < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (found[counted], found["pocketpay_worker_restarts_total"]) == (20, 1)
    assert {f'process_open_fds{{worker="{place}"}}' for place in (1, 2)} <= set(found)
    process.terminate()
    err = logged(process, "server_draining", 2)
    assert {readiness(port) for _ in range(10)} == {503}, "whichever worker answers"
    until_healthy(process, port)
    assert process.poll() is None
    process.terminate()
    err += process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGTERM, err
    assert "Traceback" not in err
    lines = [json.loads(line) for line in err.splitlines()]
    events = [line["event"] for line in lines if line["event"].startswith(("server_", "worker_"))]
    assert events == ["server_started", "worker_ended", "server_stopping", *["server_draining"] * 2]
    (started,) = [line for line in lines if line["event"] == "server_started"]
    assert started["workers"] == 2
    assert started["settings"] == {"PORT": port, "SECRET_KEY": "(set)", "DRAIN_SECONDS": 300.0}
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+.*", started["version"])
    assert started["revision"] == revisions.expected()
    assert not any(is_alive(worker) for worker in workers)
    assert postmaster(folder) is None


def test_workers_stop_when_their_supervisor_is_killed(start: Start, folder: Path, port: int) -> None:
    process = start("serve", "--workers", "2")
    until_healthy(process, port)
    workers = children(process.pid)
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert postmaster(folder) is None


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x", "SECRET_KEY": "long" * 10}, "DATABASE_URL"),
        ({"ENVIRONMENT": "production"}, "SECRET_KEY"),
    ],
)
def test_a_server_that_cannot_start_prints_one_sentence_and_fails(
    start: Start, settings: dict[str, str], says: str
) -> None:
    process = start("serve", **settings)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert says in err
    assert err.count("\n") == 1
    assert out == ""
