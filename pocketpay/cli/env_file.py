"""Every setting as a line of a `.env` file, commented out, with its description, allowed values and default."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from textwrap import wrap

from pydantic.fields import FieldInfo

from pocketpay.risk.rules import SETTINGS
from pocketpay.settings import Settings, full_description

WIDTH = 110

HEAD = """\
All settings of Pocket Pay with their defaults. Copy this file to .env and uncomment the settings to change.
Environment variables override the values in .env.

An amount of money is 100.00 (this number in every currency; for WELCOME_BONUS only in the first one) or
USD:100.00,JPY:15000 (an amount for each currency).
"""

SECTIONS = {
    "database_url": "The database",
    "environment": "The server",
    "secret_key": "Sign-up, sign-in and rate limits",
    "smtp_host": "Mail",
    "currencies": "Money and risk",
    "connections": "Connections",
    "body_bytes": "Limits of one request",
}
"""The title of each section, by the first setting in it."""

BEFORE_RISK = "welcome_bonus"
"""The settings of the risk rules follow this setting."""


def lines(fields: dict[str, FieldInfo] | None = None) -> Iterator[str]:
    """Yields the lines of the file."""
    yield from _comment(HEAD.splitlines())
    for name, field in (fields or _in_order()).items():
        if name in SECTIONS:
            yield from ("", f"# {SECTIONS[name]} ".ljust(WIDTH, "-"))
        yield ""
        yield from _comment([full_description(field)])
        yield f"#{name.upper()}={_default(field)}"


def rows() -> list[dict[str, str]]:
    """Returns every setting with its description and its default."""
    return [
        {"name": name.upper(), "description": full_description(field), "default": _default(field)}
        for name, field in _in_order().items()
    ]


def _in_order() -> dict[str, FieldInfo]:
    """Returns every setting in the order of the file; the settings of the risk rules are in the section of money."""
    ordered: dict[str, FieldInfo] = {}
    for name, field in Settings.model_fields.items():
        if name not in SETTINGS:
            ordered[name] = field
        if name == BEFORE_RISK:
            ordered |= SETTINGS
    return ordered


def _comment(paragraphs: Iterable[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from (f"# {line}" for line in wrap(paragraph, WIDTH - 2)) if paragraph else "#"


def _default(field: FieldInfo) -> str:
    default = field.default
    if default is None:
        return ""
    if isinstance(default, StrEnum):
        return default.value
    return f"{default:g}" if isinstance(default, float) else str(default)
