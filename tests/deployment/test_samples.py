"""The samples in deploy/: tools accept them, and they name only settings, commands and files that exist."""

import configparser
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
import yaml  # type: ignore[import-untyped]  # a dependency of tests only

from pocketpay.cli.verbs import verbs
from pocketpay.settings import Settings
from tests.deployment.containers import CHECKOUT, as_written, compose
from tests.deployment.test_compose import SECRETS

DEPLOY = CHECKOUT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("pocketpay*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


def tool(name: str) -> str:
    """The path of a program; skips the test where it is missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is missing")
    return found


def accepts(command: Sequence[str], **environment: str) -> str:
    """Runs a checker. Fails with its output when it finds an error."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """A unit's sections. A name may occur several times."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return sections


# ------------------------------------------------------------ systemd


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    verify = tool("systemd-analyze")
    for path in UNITS:
        text = path.read_text(encoding="utf-8").replace("/opt/pocketpay/bin/pocketpay", "/bin/true")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    assert accepts([verify, "verify", *(str(tmp_path / path.name) for path in UNITS)]) == ""


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_each_unit_uses_existing_commands_and_settings_and_reads_secrets_from_files(path: Path) -> None:
    service = unit(path)["Service"]
    program, verb, *options = service["ExecStart"][0].split()
    command = typer.main.get_group(verbs).commands.get(verb)
    assert program == "/opt/pocketpay/bin/pocketpay"
    assert command is not None
    known = {name for parameter in command.params for name in parameter.opts}
    assert {one for one in options if one.startswith("--")} <= known
    settings = dict(line.split("=", 1) for line in service.get("Environment", []))
    loaded = {line.partition(":")[0] for line in service["LoadCredential"]}
    for name, value in settings.items():
        assert name.removesuffix("_FILE").lower() in Settings.model_fields
        if name.endswith("_FILE"):
            assert value.removeprefix("%d/") in loaded
        assert not re.search("PASSWORD|KEY|TOKEN|URL", name) or name.endswith("_FILE"), "a secret is in a file"
    assert {value.removeprefix("%d/") for name, value in settings.items() if name.endswith("_FILE")} == loaded
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["CapabilityBoundingSet"] == [""]
    assert service["User"] == ["pocketpay"]


def test_the_server_has_limits_and_enough_time_to_stop() -> None:
    service = unit(DEPLOY / "systemd" / "pocketpay.service")["Service"]
    assert int(service["TimeoutStopSec"][0]) >= 20
    assert service["KillMode"] == ["mixed"], "the supervisor stops its workers"
    assert service["Restart"] == ["always"]
    assert int(service["LimitNOFILE"][0]) > Settings.model_fields["connections"].default
    assert service["LimitCORE"] == ["0"], "a core file would have secrets"
    assert service["OOMPolicy"] == ["continue"]


@pytest.mark.parametrize("name", ["audit", "backup"])
def test_a_timer_starts_its_service_every_night(name: str) -> None:
    timer = unit(DEPLOY / "systemd" / f"pocketpay-{name}.timer")
    assert re.fullmatch(r"\*-\*-\* \d\d:\d\d:\d\d", timer["Timer"]["OnCalendar"][0])
    assert timer["Timer"]["Persistent"] == ["yes"], "a night in which the machine was off is made up for"
    assert (DEPLOY / "systemd" / f"pocketpay-{name}.service") in SERVICES


def test_the_journal_is_bounded() -> None:
    text = configparser.ConfigParser()
    text.read(DEPLOY / "systemd" / "journald.conf")
    assert {"systemmaxuse", "maxretentionsec"} <= set(text["Journal"])


def test_logrotate_accepts_its_file(tmp_path: Path) -> None:
    rotate = tool("logrotate")
    file = tmp_path / "pocketpay"
    shutil.copy(DEPLOY / "logrotate" / "pocketpay", file)
    file.chmod(0o644)
    assert "error:" not in accepts([rotate, "--debug", "--state", str(tmp_path / "state"), str(file)])


def test_a_rotated_log_is_emptied_in_place() -> None:
    """The server does not open its log again."""
    text = (DEPLOY / "logrotate" / "pocketpay").read_text(encoding="utf-8")
    assert "copytruncate" in text
    assert "rotate 14" in text


# ------------------------------------------------------------ nginx


def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    nginx, openssl = tool("nginx"), tool("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    accepts(
        [
            *(
                openssl,
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "1",
            ),
            *("-subj", "/CN=wallet.example.com", "-keyout", str(key), "-out", str(certificate)),
        ]
    )
    site = (DEPLOY / "nginx" / "pocketpay.conf").read_text(encoding="utf-8")
    for original, here in (
        ("/etc/ssl/pocketpay.pem", str(certificate)),
        ("/etc/ssl/private/pocketpay.key", str(key)),
        ("listen 80;", f"listen unix:{tmp_path}/http;"),
        ("listen 443 ssl;", f"listen unix:{tmp_path}/https ssl;"),
    ):
        assert original in site
        site = site.replace(original, here)
    folders = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{folders}access_log off;\n{site}\n}}\n")
    accepts([nginx, "-t", "-q", "-c", str(whole), "-e", str(tmp_path / "errors")])


def test_nginx_forwards_no_address_that_a_client_claims_and_hides_the_metrics() -> None:
    site = re.sub(r"#.*", "", (DEPLOY / "nginx" / "pocketpay.conf").read_text(encoding="utf-8"))
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in site
    assert "proxy_add_x_forwarded_for" not in site
    assert re.search(r"location = /metrics \{\s*return 404;", site)
    idle = re.search(r"keepalive_timeout (\d+)s", site)
    assert idle is not None
    assert int(idle.group(1)) < Settings.model_fields["keep_alive_seconds"].default
    longest = re.search(r"client_max_body_size (\d+)k", site)
    assert longest is not None
    assert int(longest.group(1)) * 1024 > Settings.model_fields["body_bytes"].default


# ------------------------------------------------------------ Compose


def test_docker_accepts_the_compose_file(tmp_path: Path) -> None:
    docker = tool("docker")
    if subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is missing")
    file = CHECKOUT / "docker-compose.yml"
    profiles = ["--profile", "monitoring", "--profile", "backup"]
    accepts(
        [docker, "compose", "--env-file", os.devnull, "-f", str(file), *profiles, "config", "--quiet"],
        METRICS_TOKEN="figures",
        **SECRETS,
    )


def test_the_server_has_workers_and_limits_and_a_bounded_log() -> None:
    services = compose(SECRETS | {"WORKERS": "3", "MEMORY_LIMIT": "4g"})["services"]
    assert services["api"]["command"] == ["serve", "--workers", "3"]
    assert (services["api"]["mem_limit"], services["api"]["pids_limit"]) == ("4g", 256)
    assert compose(SECRETS)["services"]["api"]["command"] == ["serve", "--workers", "2"]
    for name, service in services.items():
        assert service["logging"]["options"] == {"max-size": "50m", "max-file": "5"}, name


def test_monitoring_and_backup_need_their_profile_and_listen_on_this_machine_only() -> None:
    services = as_written()["services"]
    assert {name: service["profiles"] for name, service in services.items() if "profiles" in service} == {
        "backup": ["backup"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }
    for name in ("prometheus", "grafana"):
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])
        for volume in services[name]["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (CHECKOUT / source).exists(), source
        assert re.search(r":v?\d+\.\d+\.\d+$", services[name]["image"]), "a version, not `latest`"


def test_prometheus_scrapes_the_service_with_the_token_of_its_secret() -> None:
    services, written = as_written()["services"], as_written()
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "pocketpay"
    assert job["static_configs"] == [{"targets": ["api:8000"]}]
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    assert services["prometheus"]["secrets"] == ["metrics_token"]
    assert written["secrets"] == {"metrics_token": {"environment": "METRICS_TOKEN"}}
    mounted = {volume.split(":")[1] for volume in services["prometheus"]["volumes"]}
    assert set(config["rule_files"]) <= mounted


def test_the_backup_container_keeps_recent_dumps_and_leaves_no_incomplete_dump(tmp_path: Path) -> None:
    """Runs the script of the container with a pg_dump that works once and fails once."""
    service = compose(SECRETS)["services"]["backup"]
    script = service["command"][0].replace("$$", "$").replace("/backups", str(tmp_path / "backups"))
    programs, backups = tmp_path / "bin", tmp_path / "backups"
    programs.mkdir()
    backups.mkdir()
    dump = programs / "pg_dump"
    dump.write_text('#!/bin/sh\nfor one; do case $one in --file=*) echo dumped > "${one#--file=}";; esac; done\n')
    dump.chmod(0o755)
    old, recent = backups / "pocketpay-20250101T000000Z.dump", backups / "pocketpay-20990101T000000Z.dump"
    for file in (old, recent):
        file.write_text("an earlier one")
    os.utime(old, (0, 0))
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "BACKUP_KEEP_DAYS": "14"}
    shell = service["entrypoint"]
    done = subprocess.run([*shell, script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = Path(done.stdout.strip())
    assert written.read_text() == "dumped\n"
    assert written.stat().st_mode & 0o077 == 0
    assert set(backups.iterdir()) == {recent, written}
    written.unlink()
    dump.write_text(dump.read_text() + "exit 1\n")
    assert subprocess.run([*shell, script], env=environment, capture_output=True).returncode == 1
    assert [file.name for file in backups.glob("*.dump")] == [recent.name]


def test_every_sample_is_in_the_readme() -> None:
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    listed = {(DEPLOY / link).resolve() for link in re.findall(r"\]\(([^)#]+)\)", page)}
    folders = {(DEPLOY / link).resolve() for link in ("prometheus", "grafana")}
    linked = re.findall(r"`(pocketpay-\w+\.timer)`", page)
    for file in DEPLOY.rglob("*"):
        if file.is_file() and file.name != "README.md" and file not in listed:
            inside = any(folder in file.parents for folder in folders)
            assert inside or file.name in linked or file.with_suffix(".timer") in listed, file
