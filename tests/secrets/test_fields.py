"""Every string of the schema, every setting and every dataclass with a secret is known to these tests."""

import dataclasses
import importlib
import pkgutil
import re

import pytest
from pydantic import SecretStr

import pocketpay
from pocketpay.settings import Settings, secret_names
from tests.people import made
from tests.secrets import fields
from tests.secrets.verbs import VERBS

SUSPECT = re.compile(
    r"password|secret|token|credential|signature|cvv|pin\b|private|\bcode$|\bkey$|^number$", re.IGNORECASE
)
PLAIN_SETTINGS = {
    "refresh_token_expire_days": "a number of days",
    "access_token_expire_minutes": "a number of minutes",
    "document_tokens": "a number of words",
    "database_url": "may contain a password, and is redacted by it",
    "database_owner_url": "may contain a password, and is redacted by it",
}


def test_every_string_of_the_schema_is_secret_or_plain() -> None:
    """A string that is new to the schema: is it a secret? Add its name to SECRET_… or to PLAIN."""
    unknown = {
        f"{place}.{name}" for place, name in fields.inputs() if name not in fields.SECRET_INPUTS | fields.PLAIN
    }
    unknown |= {
        f"{place}.{name}" for place, name in fields.outputs() if name not in fields.SECRET_OUTPUTS | fields.PLAIN
    }
    assert unknown == set()
    named = {name for _, name in (*fields.inputs(), *fields.outputs())}
    assert named == fields.SECRET_INPUTS | fields.SECRET_OUTPUTS | fields.PLAIN, "a name is no longer in the schema"


def test_no_plain_name_looks_like_a_secret() -> None:
    assert {name for name in fields.PLAIN if SUSPECT.search(name)} <= {"idempotencyKey"}


def test_every_mutation_with_a_secret_has_a_request() -> None:
    """A new mutation with a secret gets a request in verbs.py."""
    assert set(VERBS) >= fields.secret_verbs()


def test_every_secret_setting_is_of_a_type_that_hides_it() -> None:
    suspects = {name for name in Settings.model_fields if SUSPECT.search(name) or "url" in name} - {"public_url"}
    files = {f"{name}_file" for name in secret_names(Settings)}  # paths
    for name in suspects - PLAIN_SETTINGS.keys() - files:
        assert SecretStr in _types(Settings.model_fields[name].annotation), f"{name} must be a SecretStr"


def _types(annotation: object) -> tuple[object, ...]:
    return getattr(annotation, "__args__", (annotation,))


@pytest.mark.parametrize("shown", [repr, str])
def test_the_settings_show_no_secret(shown: type[str]) -> None:
    settings = made(
        secret_key="planted-secret-key-of-32-characters",
        smtp_password="planted-smtp-password",
        secret_key_fallbacks="planted-secret-key-of-32-characters-0",
        metrics_token="planted-metrics-token",
        database_url="postgresql://pocketpay:planted-database-password@localhost/pocketpay",
        database_owner_url="postgresql://owner:planted-owner-password@localhost/pocketpay",
        smtp_host="localhost",
        smtp_username="mailer",
        mail_from="a@example.com",
        public_url="https://app.example.com",
    )
    assert "planted" not in shown(settings)


def test_no_dataclass_shows_a_secret_in_its_repr() -> None:
    """A message may contain the repr of an object. Types of the schema are left out: Strawberry makes their reprs."""
    shown = set()
    for module in pkgutil.walk_packages(pocketpay.__path__, "pocketpay."):
        if module.name == "pocketpay.__main__":
            continue
        for one in vars(importlib.import_module(module.name)).values():
            is_ours = isinstance(one, type) and dataclasses.is_dataclass(one) and one.__module__ == module.name
            if not is_ours or hasattr(one, "__strawberry_definition__"):
                continue
            for field in dataclasses.fields(one):
                if field.repr and SUSPECT.search(field.name.replace("_", " ")) and _holds_text(field.type):
                    shown.add(f"{one.__qualname__}.{field.name}")
    assert shown == SHOWN, "use field(repr=False)"


def _holds_text(type_: object) -> bool:
    return type_ in (str, bytes, str | None, bytes | None, "str", "bytes", "str | None", "bytes | None")


SHOWN = {"Transaction.failure_code", "Problem.code", "Currency.code"}
"""Fields with such a name that hold no secret: codes of errors, and of a currency."""
