"""What a mail says.

Each kind of email has two templates: plain text, whose first line is the subject, and HTML. A kind of text message
has one of plain text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pocketpay.mail.mail import Kind


@dataclass(frozen=True, slots=True)
class Text:
    """One mail's texts."""

    subject: str
    plain: str
    html: str


def text_of(kind: Kind, facts: Mapping[str, object]) -> Text:
    """The texts of that kind with those facts. A fact that a template needs and that is not there raises."""
    subject, _, plain = _render(f"{kind}.txt", facts).partition("\n")
    return Text(subject.strip(), plain.strip() + "\n", _render(f"{kind}.html", facts))


def short_text_of(kind: Kind, facts: Mapping[str, object]) -> str:
    """The text message of that kind with those facts. A fact that its template needs and that is not there raises."""
    return _render(f"{kind}.txt", facts).strip()


def _render(name: str, facts: Mapping[str, object]) -> str:
    return _environment().get_template(name).render(facts)


@cache
def _environment() -> Environment:
    """Escapes what stands in HTML: a customer's own words may be in it."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
