"""A real Prometheus scrapes a real server of two workers, and answers every query of alerts and dashboard.

`make monitoring` runs it: it starts a server and Debian's Prometheus, and sends operations for half a minute.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]  # a dependency of tests only

from tests.deployment.monitoring import ALERTS, alerts, dashboard_queries
from tests.e2e import processes
from tests.e2e.customer import BALANCE_CHANGED, WALLET, at, sign_up
from tests.e2e.processes import NO_CONFIRMATION, Running

PROMETHEUS = shutil.which("prometheus")

pytestmark = [
    pytest.mark.skipif("MONITORING" not in os.environ, reason="`make monitoring` runs it: it takes a minute"),
    pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is missing: apt-get install prometheus"),
]

TOKEN = "figures please"
SCRAPES = 30

EMPTY_WHEN_HEALTHY = ("connect_failures_total", "background_runs_total{outcome!=")
"""Queries whose result is empty while nothing is wrong."""


@pytest.fixture(scope="module")
def server(cluster_home: Path, seeded_data: Path) -> Iterator[Running]:
    with processes.installation(cluster_home / "monitored", seeded_data) as made:
        held = {"LARGE_TRANSFER_ACTION": "confirm", "LARGE_TRANSFER_THRESHOLD": "50.00"}
        yield made.start("--workers", "2", METRICS_TOKEN=TOKEN, **NO_CONFIRMATION | held)


@pytest.fixture
def prometheus(server: Running, tmp_path: Path) -> Iterator[str]:
    """The URL of a Prometheus that scrapes the server every second, with our alerts."""
    assert PROMETHEUS is not None
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ALERTS)],
        "scrape_configs": [
            {
                "job_name": "pocketpay",
                "authorization": {"credentials": TOKEN},
                "static_configs": [{"targets": [server.url.removeprefix("http://")]}],
            }
        ],
    }
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                PROMETHEUS,
                f"--config.file={file}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


async def query(prometheus: httpx.AsyncClient, text: str) -> list[Any]:
    """Returns the series that a query finds. Fails when Prometheus cannot execute it."""
    answer = (await prometheus.get("/api/v1/query", params={"query": text})).json()
    assert answer["status"] == "success", f"{text}: {answer}"
    found: list[Any] = answer["data"]["result"]
    return found


async def scraped(prometheus: httpx.AsyncClient) -> int:
    """Returns how often Prometheus has scraped the server."""
    try:
        found = await query(prometheus, 'count_over_time(up{job="pocketpay"}[10m])')
    except (httpx.HTTPError, ValueError):  # it is still starting
        return 0
    return int(found[0]["value"][1]) if found else 0


async def test_every_query_is_answered_and_no_alert_fires_on_a_healthy_server(
    server: Running, prometheus: str
) -> None:
    async with at(server.url) as http, httpx.AsyncClient(base_url=prometheus) as asked:
        ada, bea = await sign_up(http, "ada"), await sign_up(http, "bea")
        await ada.deposit("100.00")
        deadline = time.monotonic() + 300
        async with bea.listening(server.url) as listening:
            balance = await listening.subscribe(BALANCE_CHANGED)
            await balance.next()
            await ada.transfer(bea.username, "60.00")  # waits for a confirmation
            while await scraped(asked) < SCRAPES:
                assert time.monotonic() < deadline
                await ada.transfer(bea.username, "0.01")
                await balance.next()
                await ada.post(WALLET)
                await ada.post("{ misspelt }")
                await ada.transfer("nobody", "0.01")
                assert (await http.post("/graphql", content=b"no json")).status_code == 415
                await asyncio.sleep(0.2)
            empty = [one for one in dashboard_queries("20s") if not await query(asked, one)]
            assert [one for one in empty if not any(name in one for name in EMPTY_WHEN_HEALTHY)] == []
            for alert in alerts():
                assert await query(asked, alert["expr"]) == [], alert["alert"]
        (counted,) = await query(asked, 'sum(pocketpay_operations_total{operation="transfer",outcome="ok"})')
        assert int(counted["value"][1]) > 10
        assert await query(asked, "resets(pocketpay_clearing_instructions_total[10m]) > 0") == [], "the workers' sum"
        server.stop()
        down = next(one["expr"] for one in alerts() if one["alert"] == "PocketPayDown")
        while not await query(asked, down):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
