"""docs/operations.md names every command, path and table, and docs/monitoring.md every metric, and no others."""

import re
from pathlib import Path

import typer
from starlette.routing import Route

from pocketpay.cli.verbs import verbs
from pocketpay.identity.services import ENDED_SESSIONS_KEPT
from pocketpay.identity.throttle import KNOWN_ADDRESS_MEMORY
from pocketpay.settings import Settings
from pocketpay.transactions.limits import USAGE_KEPT
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


async def test_every_table_has_a_line_that_says_how_long_its_rows_live(client: Client) -> None:
    async with client.services.database.read() as session:
        rows = await session.fetch("select tablename from pg_tables where schemaname = 'public'")
    assert sorted(first_column("How tables grow")) == sorted(row["tablename"] for row in rows)


def test_the_page_has_the_same_retention_times_as_the_code() -> None:
    section = PAGE.partition("\n## How tables grow\n")[2].partition("\n## ")[0]
    lives = {
        table: line.split("|")[3].strip()
        for line in section.splitlines()
        if line.startswith("| `")
        for table in re.findall(r"`([^`]+)`", line.split("|")[1])
    }
    assert lives["wallet_usage"].startswith(f"{USAGE_KEPT.days} days.")
    assert lives["sessions"].startswith(f"{ENDED_SESSIONS_KEPT.days} days after")
    assert lives["known_addresses"].startswith(f"{KNOWN_ADDRESS_MEMORY.days} days after")
    assert lives["outgoing_mails"].endswith(f"{Settings.model_fields['mail_keep_days'].default} days")
