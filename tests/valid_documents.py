"""Remembers which documents are valid. Each test has its own server, and validating a document takes 1 to 5 ms."""

from typing import Any

from graphql import DocumentNode, GraphQLError

from pocketpay.serving.documents import Documents, PreparedDocument

_valid: set[tuple[str, bool]] = set()
"""The texts of valid documents, with whether their servers allow introspection."""


def remember_valid_documents(documents: Documents) -> None:
    """Makes servers skip the validation of documents that a server of this process has already found valid."""
    validator = documents._validator
    prepare, validate = documents._prepare, validator._validate
    text = ""

    def prepared(of: str, **more: bool) -> PreparedDocument:
        nonlocal text
        text = of
        return prepare(of, **more)

    def validated(document: DocumentNode, **more: Any) -> list[GraphQLError]:
        key = (text, validator.introspection)
        if key in _valid:
            return []
        errors = validate(document, **more)
        if not errors:
            _valid.add(key)
        return errors

    documents._prepare = prepared  # type: ignore[method-assign, assignment]
    validator._validate = validated  # type: ignore[method-assign]
