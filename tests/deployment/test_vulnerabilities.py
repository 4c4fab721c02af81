"""`scripts/vulnerabilities` asks a database for each locked package, and never calls an unchecked lock clean."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGES = sum("==" in line for line in (CHECKOUT / "requirements.lock").read_text().splitlines())
UNCHECKED = "NOT CHECKED for known vulnerabilities: "


@contextmanager
def database(answer: Callable[[list[Any]], object]) -> Iterator[str]:
    """Serves a database at the yielded URL; `answer` gets the queries."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            content = json.dumps(answer(json.loads(body)["queries"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(CHECKOUT / "scripts" / "vulnerabilities"), *arguments]
    environment = {"PATH": os.environ["PATH"], "OSV_URL": url, "no_proxy": "127.0.0.1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_every_locked_package_is_asked_for_and_a_vulnerability_fails() -> None:
    asked: list[Any] = []

    def answer(queries: list[Any]) -> object:
        asked.extend(queries)
        bad = {"vulns": [{"id": "GHSA-xxxx"}, {"id": "PYSEC-1"}]}
        return {"results": [bad if one["package"]["name"] == "starlette" else {} for one in queries]}

    with database(answer) as url:
        done = run(url)
    assert done.returncode == 1
    assert len(asked) == PACKAGES
    (starlette,) = [one for one in asked if one["package"]["name"] == "starlette"]
    assert starlette["package"]["ecosystem"] == "PyPI"
    version = starlette["version"]
    assert f"starlette=={version} " in (CHECKOUT / "requirements.lock").read_text()
    assert done.stderr.splitlines() == [
        f"starlette {version} has a known vulnerability: https://osv.dev/vulnerability/{id_}"
        for id_ in ("GHSA-xxxx", "PYSEC-1")
    ]


def test_a_lock_file_without_vulnerabilities_is_reported_as_clean() -> None:
    with database(lambda queries: {"results": [{} for _ in queries]}) as url:
        done = run(url, "--required")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"No known vulnerabilities in the {PACKAGES} packages of requirements.lock.\n"


@pytest.mark.parametrize(
    "answer",
    [{}, [], {"results": []}, {"results": [{}]}, None, {"results": None}],
    ids=lambda value: json.dumps(value),
)
def test_an_answer_that_does_not_cover_every_package_is_reported_as_not_checked(answer: object) -> None:
    with database(lambda _: answer) as url:
        done, required = run(url), run(url, "--required")
    assert (done.returncode, required.returncode, done.stdout) == (0, 1, "")
    assert done.stderr.startswith(UNCHECKED)
    assert "not a clean result" in done.stderr


def test_an_unreachable_database_is_reported_as_not_checked_and_does_not_fail() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = run(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(UNCHECKED)


def test_a_database_that_never_answers_is_reported_as_not_checked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = run(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(UNCHECKED)
