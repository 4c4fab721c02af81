"""Trusted documents (decision 43): requests of our own clients send an id instead of the text.

    manifest   a JSON file that the build of a client writes; each text has an id
      {"<id>": "<text>", …}                                                     Relay, GraphQL Code Generator
      {"format": "apollo-persisted-query-manifest", "operations": [{"id", "body"}, …]}     Apollo
    request    {"documentId": "<id>"} or {"extensions": {"persistedQuery": {"sha256Hash": "<hash>"}}}

The SHA-256 of a text is always a valid id too, with or without the prefix `sha256:`.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pocketpay.settings import SettingsError

PREFIX = "sha256:"

Texts = Mapping[str, str]
"""The texts of trusted documents, by id."""

NO_TEXTS: Texts = MappingProxyType({})


def load(manifest: Path) -> Texts:
    """Reads a manifest and returns its GraphQL documents by their ids.

    Raises SettingsError when the file cannot be read or is not a manifest.
    """
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"TRUSTED_DOCUMENTS: {manifest} cannot be read: {error.strerror}") from None
    except ValueError:
        raise SettingsError(f"TRUSTED_DOCUMENTS: {manifest} is not JSON") from None
    texts: dict[str, str] = {}
    for id_, text in _entries(content, manifest):
        for name in (id_, sha256(text.encode()).hexdigest()):
            if texts.setdefault(name, text) != text:
                raise SettingsError(f"TRUSTED_DOCUMENTS: {manifest} has two texts for the id {name}")
    return texts


def text_of(request: Mapping[str, Any], texts: Texts) -> str | None:
    """Returns the text of the document that a request names by id, or None when there is none."""
    name = document_id_in(request)
    return None if name is None else texts.get(name) or texts.get(name.removeprefix(PREFIX))


def document_id_in(request: Mapping[str, Any]) -> str | None:
    """Returns the document id in a request without a text, or None."""
    name = request.get("documentId")
    return name if isinstance(name, str) else hash_in(request)


def hash_in(request: Mapping[str, Any]) -> str | None:
    """Returns the hash of an automatic persisted query, or None."""
    extensions = request.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    found = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return found if isinstance(found, str) else None


def _entries(content: object, manifest: Path) -> Iterator[tuple[str, str]]:
    """Yields the ids of a manifest with their texts. Raises SettingsError when the format is unknown."""
    entries: list[tuple[object, object]] = []
    if isinstance(content, dict) and isinstance(content.get("operations"), list):
        for operation in content["operations"]:
            entry = operation if isinstance(operation, dict) else {}
            entries.append((entry.get("id"), entry.get("body")))
    elif isinstance(content, dict):
        entries.extend(content.items())
    for id_, text in entries:
        if not isinstance(id_, str) or not isinstance(text, str) or not id_ or not text:
            entries.clear()
            break
        yield id_, text
    if not entries:
        raise SettingsError(
            f"TRUSTED_DOCUMENTS: {manifest} is not a manifest of persisted documents. It maps ids to texts, or has "
            "`operations` with `id` and `body`"
        )
