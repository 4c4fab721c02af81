"""Renders the texts of mails from templates.

Each kind of email has two templates: plain text, whose first line is the subject, and HTML. Each kind of text message
has one template of plain text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pocketpay.mail.mail import Kind


@dataclass(frozen=True, slots=True)
class Text:
    """The texts of one email."""

    subject: str
    plain: str
    html: str


def text_of(kind: Kind, facts: Mapping[str, object]) -> Text:
    """Renders the texts of an email from its facts. Raises UndefinedError when a fact of the template is missing."""
    subject, _, plain = _render(f"{kind}.txt", facts).partition("\n")
    return Text(subject.strip(), plain.strip() + "\n", _render(f"{kind}.html", facts))


def short_text_of(kind: Kind, facts: Mapping[str, object]) -> str:
    """Renders a text message from its facts. Raises UndefinedError when a fact of the template is missing."""
    return _render(f"{kind}.txt", facts).strip()


def _render(name: str, facts: Mapping[str, object]) -> str:
    return _environment().get_template(name).render(facts)


@cache
def _environment() -> Environment:
    """Returns the template environment. HTML templates escape their values, which may be texts of customers."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
