"""Parses the Dockerfile and docker-compose.yml for tests."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # a dependency of tests only

CHECKOUT = Path(__file__).parents[2]

_VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")


@dataclass
class Stage:
    """A build stage of the Dockerfile: one FROM and its instructions, as (keyword in capitals, text)."""

    image: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, keyword: str) -> list[str]:
        return [text for word, text in self.steps if word == keyword]


def stages() -> list[Stage]:
    """Returns the Dockerfile's stages, without comments and with continued lines joined."""
    text = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[Stage] = []
    for step in "\n".join(lines).replace("\\\n", " ").splitlines():
        keyword, _, rest = step.strip().partition(" ")
        if keyword == "FROM":
            image, _, name = rest.partition(" AS ")
            found.append(Stage(image.strip(), name.strip()))
        else:
            found[-1].steps.append((keyword, rest.strip()))
    return found


def health_command() -> list[str]:
    """Returns the command of the image's HEALTHCHECK."""
    (text,) = stages()[-1].all("HEALTHCHECK")
    command: list[str] = json.loads(text.partition("CMD ")[2])
    return command


def compose(environment: Mapping[str, str]) -> dict[str, Any]:
    """Returns the compose file with those variables applied. Raises KeyError for the first missing required
    variable."""

    def value(found: "re.Match[str]") -> str:
        name, sign, rest = found.groups()
        if environment.get(name):
            return environment[name]
        if sign != "-":
            raise KeyError(name)
        return str(rest)

    def resolved(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: resolved(below) for key, below in node.items()}
        if isinstance(node, list):
            return [resolved(below) for below in node]
        return _VARIABLE.sub(value, node) if isinstance(node, str) else node

    said: dict[str, Any] = resolved(as_written())
    return said


def as_written() -> dict[str, Any]:
    """Returns the compose file with its variables not replaced."""
    said: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    return said
