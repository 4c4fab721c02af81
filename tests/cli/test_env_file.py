"""`.env.example` matches `settings.py`, where settings are defined, and the docs name no other setting."""

import re
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from pocketpay.cli import env_file
from pocketpay.cli.verbs import verbs
from pocketpay.settings import Settings

CHECKOUT = Path(__file__).parents[2]
NAMES = {name.upper() for name in Settings.model_fields}
UNITS = ("bytes", "seconds", "minutes", "days", "second", "minute", "hour", "percent")


def test_the_committed_example_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(verbs, ["settings"]).output
    assert (CHECKOUT / ".env.example").read_text(encoding="utf-8") == printed, "run `make settings`"


def test_every_line_of_the_example_is_a_comment_or_empty() -> None:
    assert all(line.startswith("#") or not line for line in env_file.lines())


def test_the_example_with_every_line_uncommented_equals_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    lines = [line.removeprefix("#") if re.match("#[A-Z]", line) else line for line in env_file.lines()]
    assert {line.partition("=")[0] for line in lines if re.match("[A-Z_]+=", line)} == NAMES
    file = tmp_path / ".env"
    file.write_text("\n".join(lines), encoding="utf-8")
    loaded: Settings = Settings(_env_file=file)  # type: ignore[call-arg]  # pydantic reads it
    assert loaded == Settings(_env_file=None)  # type: ignore[call-arg]  # pydantic reads it


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_has_a_description_with_its_unit(name: str) -> None:
    field = Settings.model_fields[name]
    loaded = field.description or ""
    assert loaded.endswith(".")
    for unit in set(name.split("_")) & set(UNITS):
        assert unit in loaded
    for type_ in (field.annotation, *get_args(field.annotation)):
        if isinstance(type_, type) and issubclass(type_, StrEnum):
            assert [value for value in type_ if value not in loaded] == []


def test_every_section_begins_with_a_setting() -> None:
    assert set(env_file.SECTIONS) <= set(Settings.model_fields)


NOT_SETTINGS = {
    *("POSTGRES_PASSWORD", "POCKETPAY_OWNER_PASSWORD", "POCKETPAY_PASSWORD"),
    *("MEMORY_LIMIT", "BACKUP_KEEP_DAYS", "INSUFFICIENT_FUNDS"),
    *("WRITE_CLIENTS", "WRITE_LISTING", "FUZZ_SEED", "SOAK_SECONDS", "SERVICE_BUSY", "PATIENCE_SECONDS"),
    "OTEL_EXPORTER_OTLP_ENDPOINT",
}
"""Names in capitals that are not settings: passwords of PostgreSQL's logins, variables of Compose,
switches of tests, error codes, and what OpenTelemetry reads."""


@pytest.mark.parametrize(
    "page", ["README.md", "SECURITY.md", "CONTRIBUTING.md", "docs/operations.md", "docs/monitoring.md"]
)
def test_every_setting_named_in_a_page_exists(page: str) -> None:
    text = re.sub(r"<!--.*?-->", "", (CHECKOUT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    named = set(re.findall(r"(?<![\w`/])`?([A-Z]+(?:_[A-Z]+)+)\b", text))
    assert named - NAMES - NOT_SETTINGS == set()
