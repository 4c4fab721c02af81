"""A server process with known secrets: its command line and children, its files, its logs, and its commands."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.processes import Installation, Running, installation
from tests.secrets.planted import Planted
from tests.secrets.verbs import VERBS, Request

SECRETS = {
    "SECRET_KEY": "planted-secret-key-of-forty-characters-0",
    "SECRET_KEY_FALLBACKS": "planted-fallback-key-of-forty-characters",
    "METRICS_TOKEN": "planted-metrics-token",
    "SMTP_PASSWORD": "planted-smtp-password",
}
SETTINGS = {
    **SECRETS,
    "LOG_LEVEL": "debug",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_PORT": "1",
    "SMTP_TLS": "starttls",
    "SMTP_USERNAME": "mailer",
    "MAIL_FROM": "no-reply@example.com",
    "PUBLIC_URL": "https://app.example.com",
}


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted({value: name for name, value in SECRETS.items()})


@pytest.fixture(scope="module")
def used(cluster_home: Path, seeded_data: Path, planted: Planted) -> Iterator[tuple[Installation, Running]]:
    """A server with the planted settings, after requests with secrets."""
    with installation(cluster_home / "secrets", seeded_data, **SETTINGS) as installed:
        server = installed.start()
        with httpx.Client(base_url=server.url) as http:
            token: str | None = None
            for number, make in enumerate((make for requests in VERBS.values() for make in requests), 1):
                token = _send(http, make(planted, number), token, planted) or token
            _send(
                http, ("mutation { requestEmailVerification { errors { code message path } } }", {}), token, planted
            )
        deadline = time.monotonic() + 60
        while '"mail_server_unavailable"' not in server.log.read_text():
            assert time.monotonic() < deadline, "the failure of the mail server is logged"
            time.sleep(0.05)
        yield installed, server


def _send(http: httpx.Client, asked: Request, token: str | None, planted: Planted) -> str | None:
    """Sends a request and plants the secrets of its answer. Returns the access token in it, if any."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = http.post(
        "/graphql", json={"query": asked[0], "variables": asked[1]}, headers=headers, timeout=30
    ).json()
    assert "errors" not in response, response
    for payload in response["data"].values():
        if payload.get("number"):
            planted.add(payload["number"], "a card number")
        for name, value in (payload.get("tokens") or {}).items():
            planted.add(value, f"{name} of an answer")
        if payload.get("tokens"):
            return str(payload["tokens"]["accessToken"])
    return None


def _children(pid: int) -> list[int]:
    """The process ids of all descendants."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found


def test_the_searched_secrets_include_the_returned_tokens_and_card_number(used: object, planted: Planted) -> None:
    assert {"a card number", "accessToken of an answer", "refreshToken of an answer"} <= set(planted.secrets.values())


def test_no_command_line_contains_a_secret_and_children_get_none(
    used: tuple[Installation, Running], planted: Planted
) -> None:
    installed, server = used
    pid = server.process.pid
    others = [*installed.postgres(), *_children(pid)]
    assert others, "PostgreSQL runs"
    for one in (pid, *others):
        assert planted.found_in(Path(f"/proc/{one}/cmdline").read_bytes().decode("utf-8", "replace")) == []
    for one in others:
        assert planted.found_in(Path(f"/proc/{one}/environ").read_bytes().decode("utf-8", "replace")) == []


def test_a_crash_writes_no_core_file(used: tuple[Installation, Running]) -> None:
    limits = Path(f"/proc/{used[1].process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4] == "0"


def test_logs_and_database_files_contain_no_secret(used: tuple[Installation, Running], planted: Planted) -> None:
    """Every file: tables, the write-ahead log, PostgreSQL's log, the server's log and its standard output."""
    installed, server = used
    folder = os.path.realpath(installed.data / "cluster")
    files = [Path(name) / file for name, _, names in os.walk(folder) for file in names]
    files += [server.log, server.log.with_suffix(".out")]
    assert any(file.parent.name == "log" for file in files)
    assert any(file.parent.name == "pg_wal" for file in files)
    hidden = {secret.encode(): what for secret, what in planted.secrets.items() if len(secret) > 8}
    for file in files:
        try:
            content = file.read_bytes()
        except OSError:  # a socket, or a file that PostgreSQL has removed meanwhile
            continue
        assert [what for secret, what in hidden.items() if secret in content] == [], file


def test_metrics_and_commands_show_no_secret(used: tuple[Installation, Running], planted: Planted) -> None:
    installed, server = used
    headers = {"Authorization": f"Bearer {SECRETS['METRICS_TOKEN']}"}
    metrics = httpx.get(f"{server.url}/metrics", headers=headers)
    assert metrics.status_code == 200
    assert planted.found_in(metrics.text) == []
    for command in (("audit",), ("operator", "find", "person_1"), ("operator", "actions"), ("settings",)):
        done = installed.run(*command)
        assert done.returncode == 0, done
        assert planted.found_in(done.stdout + done.stderr) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"DATABASE_URL": "postgresql://pocketpay:planted-password@127.0.0.1:1/pocketpay"},
        {"DATABASE_URL": "postgresql://pocketpay:planted-password@127.0.0.1:port/pocketpay"},
        {"DATABASE_URL": "postgresql://pocketpay:planted-password/with#odd?characters@[::1/pocketpay"},
        {"DATABASE_URL": "planted-password"},
        {"DATABASE_URL": "postgresql://127.0.0.1:1/x?password=planted-password"},
        {"DATABASE_URL": "postgresql://a:planted-password@127.0.0.1:1/x", "DATABASE_OWNER_URL": "x:planted-password"},
        {"SECRET_KEY": "planted-password", "ENVIRONMENT": "production"},
        {"SMTP_PASSWORD": "planted-password"},
        {"SMTP_PASSWORD": "planted-password", "SMTP_HOST": "x", "SMTP_TLS": "planted", "SMTP_USERNAME": "x"},
        {"METRICS_TOKEN": "planted-password", "PORT": "no number", "SECRET_KEY": "planted-password"},
    ],
)
@pytest.mark.parametrize("command", ["serve", "audit", "migrate"])
def test_a_wrong_setting_is_reported_without_the_secret(
    tmp_path: Path, settings: dict[str, str], command: str
) -> None:
    with installation(tmp_path / "installed", LOG_LEVEL="debug", POCKETPAY_DATA="/dev/null/none") as installed:
        done = installed.run(command, **settings)
    assert done.returncode == 1, done
    assert "planted" not in (done.stdout + done.stderr).replace("SMTP_TLS is planted", "")
    assert "Traceback" not in done.stderr
