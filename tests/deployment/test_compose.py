"""docker-compose.yml: secrets have no default, each service has the least rights it needs, and starts in order."""

import os
import re
from typing import Any

import pytest

from pocketpay.settings import Settings, load
from tests.deployment.containers import CHECKOUT, as_written, compose

SECRETS = {
    "POSTGRES_PASSWORD": "administrator",
    "POCKETPAY_OWNER_PASSWORD": "owner",
    "POCKETPAY_PASSWORD": "server",
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
}
NOT_FOR_THE_OPERATOR = {
    *("DATABASE_OWNER_URL", "POCKETPAY_DATA", "ENVIRONMENT", "HOST", "PORT"),
    # The file sets these themselves, from a variable that it requires.
    *("DATABASE_URL_FILE", "DATABASE_OWNER_URL_FILE", "SECRET_KEY_FILE"),
}


@pytest.fixture
def services() -> dict[str, Any]:
    services: dict[str, Any] = compose(SECRETS)["services"]
    return services


def test_three_services_start_without_a_profile_and_each_volume_is_used(services: dict[str, Any]) -> None:
    assert {name for name, one in services.items() if "profiles" not in one} == {"postgres", "migrate", "api"}
    mounted = {volume.partition(":")[0] for one in services.values() for volume in one.get("volumes", ())}
    assert {name for name in mounted if not name.startswith(".")} == set(as_written()["volumes"])
    assert "version" not in as_written()


@pytest.mark.parametrize("missing", SECRETS)
def test_a_missing_secret_is_an_error(missing: str) -> None:
    for value in ({}, {missing: ""}):
        with pytest.raises(KeyError, match=missing):
            compose({name: secret for name, secret in SECRETS.items() if name != missing} | value)


def test_the_file_contains_no_secret() -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(SECRETS)
    assert dict(re.findall(r"\$\{(\w+):-([^}]*)", text)) == {
        "PUBLISH": "127.0.0.1:8000",
        "WORKERS": "2",
        "MEMORY_LIMIT": "2g",
        "BACKUP_KEEP_DAYS": "14",
    }
    for service in as_written()["services"].values():
        for name, value in service["environment"].items():
            if value is not None and re.search("PASSWORD|SECRET|URL", name):
                assert re.search(r"\$\{\w+:\?", value), name


def test_only_migrate_connects_as_the_owner_and_no_service_as_the_administrator(services: dict[str, Any]) -> None:
    reaching = {name: [*map(str, service["environment"].values())] for name, service in services.items()}
    assert [
        name for name, values in reaching.items() if any("//pocketpay_owner:owner@" in one for one in values)
    ] == ["migrate"]
    for name in ("migrate", "api"):
        assert (
            services[name]["environment"]["DATABASE_URL"] == "postgresql://pocketpay:server@postgres:5432/pocketpay"
        )
        assert "administrator" not in str(services[name]["environment"])


def test_the_settings_of_the_api_service_are_valid_for_production(services: dict[str, Any]) -> None:
    given = {name.lower(): value for name, value in services["api"]["environment"].items() if value is not None}
    chosen = load(**given)
    assert chosen.production
    assert chosen.secret_key is not None


def test_every_setting_can_be_passed_to_the_api_service(services: dict[str, Any]) -> None:
    names = {name.upper() for name in Settings.model_fields}
    assert set(services["api"]["environment"]) == names - NOT_FOR_THE_OPERATOR


def test_each_service_waits_for_the_services_it_needs(services: dict[str, Any]) -> None:
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["api"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }
    assert services["migrate"]["restart"] == "no"
    assert services["postgres"]["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]


def test_the_volume_is_mounted_where_postgresql_18_stores_data(services: dict[str, Any]) -> None:
    assert re.fullmatch(r"postgres:18\.\d+-\w+", services["postgres"]["image"])
    assert "postgres:/var/lib/postgresql" in services["postgres"]["volumes"]


def test_the_script_that_creates_logins_exists_and_is_executable(services: dict[str, Any]) -> None:
    (mounted,) = [volume for volume in services["postgres"]["volumes"] if volume.startswith("./")]
    source, target, mode = mounted.split(":")
    assert os.access(CHECKOUT / source, os.X_OK)
    assert (target, mode) == ("/docker-entrypoint-initdb.d/database-logins.sh", "ro")


def test_no_port_is_public_by_default(services: dict[str, Any]) -> None:
    assert services["api"]["ports"] == ["127.0.0.1:8000:8000"]
    assert "ports" not in services["postgres"]


@pytest.mark.parametrize("name", ["migrate", "api"])
def test_our_containers_are_read_only_and_have_no_capabilities(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert (service["build"], service["pull_policy"]) == (".", "build")
