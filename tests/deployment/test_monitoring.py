"""The alerts and the dashboard use only series that the server has, and the docs describe every alert.

`make monitoring` runs every query against a real Prometheus that scrapes a real server.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # a dependency of tests only

from tests.clients import Client, client
from tests.deployment.monitoring import ALERTS, CHECKOUT, alerts, dashboard_queries, queries

__all__ = ["client"]

DOCS = CHECKOUT / "docs" / "monitoring.md"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt-get install prometheus")


def promtool(*arguments: str) -> str:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_alerts_and_dashboard_use_only_series_that_the_server_has(client: Client) -> None:
    text = (await client.http.get("/metrics")).text
    served = {"up"}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        served |= {f"{name}{suffix}" for suffix in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    asked = {one for query in queries() for one in re.findall(r"\b(?:pocketpay|process)_\w+|\bup\b", query)}
    assert asked - {one for one in served if one.startswith("_")} <= served
    assert len(asked) > 50


async def test_alerts_and_dashboard_use_only_labels_that_the_series_have(client: Client) -> None:
    """A misspelt label or value would select nothing, and its alert would never fire."""
    known = {
        "outcome": {"ok", "errors", "rejected", "busy", "internal", "postponed", "failed"},
        "type": {"query", "mutation", "subscription", "none"},
        "failure": {"disk_full", "bug", "constraint", "lock_timeout", "retry"},
        "cause": set(re.findall(r'cause="(\w+)"', (await client.http.get("/metrics")).text)),
        "job": {"pocketpay"},
    }
    for query in queries():
        for label, _, values in re.findall(r'(\w+)(=~|=|!=)"([^"]*)"', query):
            if label != "instance":
                assert set(values.split("|")) <= known[label], query


def test_every_alert_is_described_and_its_runbook_exists() -> None:
    page = DOCS.read_text(encoding="utf-8")
    table = re.findall(r"^\| `(PocketPay\w+)` \| (\w+) \|.*\(#([\w-]+)\) \|$", page, re.MULTILINE)
    rules = [
        (one["alert"], one["labels"]["severity"], one["annotations"]["runbook"].partition("#")[2]) for one in alerts()
    ]
    assert sorted(table) == sorted(rules)
    headings = re.findall(r"^### (.+)$", page, re.MULTILINE)
    assert {runbook for _, _, runbook in rules} <= {one.lower().replace(" ", "-") for one in headings}


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    tests = yaml.safe_load((CHECKOUT / "tests" / "deployment" / "alerts.yml").read_text(encoding="utf-8"))["tests"]
    assert sorted(one["name"] for one in tests) == sorted(["a healthy server", *(one["alert"] for one in alerts())])


@needs_promtool
def test_each_alert_fires_in_its_own_test_and_none_fires_on_a_healthy_server() -> None:
    promtool("check", "rules", str(ALERTS))
    promtool("test", "rules", str(CHECKOUT / "tests" / "deployment" / "alerts.yml"))


@needs_promtool
def test_prometheus_accepts_its_configuration_and_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel{number}", "expr": query} for number, query in enumerate(dashboard_queries())]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", str(file))
    example = tmp_path / "prometheus.yml"
    text = (CHECKOUT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    token = tmp_path / "token"
    token.write_text("figures please")
    example.write_text(
        text.replace("/etc/prometheus/pocketpay-alerts.yml", str(ALERTS)).replace(
            "/run/secrets/metrics_token", str(token)
        )
    )
    promtool("check", "config", str(example))


def test_grafana_can_import_the_dashboard() -> None:
    board: dict[str, Any] = json.loads(
        (CHECKOUT / "deploy" / "grafana" / "dashboard.json").read_text(encoding="utf-8")
    )
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in board["panels"]:
        if panel["type"] != "row":
            assert panel["targets"]
            assert panel["title"]
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in board["panels"]]
    assert len(set(places)) == len(places), "no panel hides another"
    assert {one["name"] for one in board["templating"]["list"]} == {"datasource", "instance"}
