"""docs/operations.md names every command and path of the server, docs/monitoring.md every metric, and no others."""

import re
from pathlib import Path

import typer
from starlette.routing import Route

from pocketpay.cli.verbs import verbs
from tests.clients import Client, client

__all__ = ["client"]

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "operations.md").read_text(encoding="utf-8")


def first_column(title: str, page: str = PAGE) -> list[str]:
    """Returns the code texts in the first column of a section's table."""
    section = page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert cells, f"no table under {title}"
    return [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]


def test_commands_on_the_page_match_the_command_line() -> None:
    shown = typer.main.get_group(verbs).commands
    served = [name for name, command in shown.items() if not command.hidden]
    assert sorted(code.split()[1] for code in first_column("Commands")) == sorted(served)


async def test_paths_on_the_page_match_a_development_server(client: Client) -> None:
    routes = {route.path for route in client.app.routes if isinstance(route, Route)}
    assert set(first_column("Addresses")) == {path for path in routes if "/explorer" not in path}


async def test_metrics_on_the_page_match_the_served_ones(client: Client) -> None:
    text = (await client.http.get("/metrics")).text
    served = re.findall(r"^# HELP (\w+)", text, re.MULTILINE)
    monitoring = (DOCS / "monitoring.md").read_text(encoding="utf-8")
    assert sorted(first_column("Metrics", monitoring)) == sorted(served)
