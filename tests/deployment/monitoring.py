"""The queries of the alerts and of the dashboard, as Prometheus gets them."""

import json
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # a dependency of tests only

CHECKOUT = Path(__file__).parents[2]
ALERTS = CHECKOUT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = CHECKOUT / "deploy" / "grafana" / "dashboard.json"


def alerts() -> list[dict[str, Any]]:
    """The alerting rules."""
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_queries(interval: str = "5m") -> list[str]:
    """The queries of the dashboard. Grafana's variables have the values that select all servers."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [one.replace("$__rate_interval", interval).replace("$instance", ".*") for one in asked]


def queries() -> list[str]:
    """Every query of alerts and dashboard."""
    return [*(one["expr"] for one in alerts()), *dashboard_queries()]
