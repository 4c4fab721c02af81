"""The settings of mail: a missing or invalid one stops the start."""

from pathlib import Path

import pytest

from pocketpay.mail.smtp import Server
from pocketpay.settings import SettingsError, SmtpTls, load

MAIL = {
    "smtp_host": "mail.example.com",
    "mail_from": "Pocket Pay <no-reply@example.com>",
    "public_url": "https://app.example.com/",
}
LOGIN = {"smtp_username": "pocketpay", "smtp_password": "hunter2"}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_server_and_the_sender_are_read_from_the_settings() -> None:
    chosen = load(**MAIL, **LOGIN)
    assert chosen.sender == ("Pocket Pay", "no-reply@example.com")
    assert chosen.app_url == "https://app.example.com"
    server = Server.of(chosen)
    assert server == Server("mail.example.com", 587, SmtpTls.STARTTLS, "pocketpay", "hunter2", greeting="example.com")


@pytest.mark.parametrize(
    ("environment", "host", "is_on"),
    [
        ("development", None, True),
        ("development", "mail.example.com", True),
        ("production", None, False),
        ("production", "mail.example.com", True),
    ],
)
def test_mail_is_off_in_production_unless_a_server_is_set(environment: str, host: str | None, is_on: bool) -> None:
    assert load(**{**MAIL, "smtp_host": host, "environment": environment}).mail_is_on is is_on


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("MAIL_FROM", {"mail_from": None}),
        ("MAIL_FROM", {"mail_from": "Pocket Pay"}),
        ("MAIL_FROM", {"mail_from": "Pocket Pay <no-reply@example.com>\r\nBcc: eve@example.com"}),
        ("PUBLIC_URL", {"public_url": None}),
        ("PUBLIC_URL", {"public_url": "app.example.com"}),
        ("PUBLIC_URL", {"public_url": "https://[::1"}),
        ("PUBLIC_URL", {"public_url": "https://app.example.com/?a=b"}),
        ("PUBLIC_URL", {"public_url": "https://app.example.com/#start"}),
        ("PUBLIC_URL", {"public_url": "http://app.example.com", "environment": "production"}),
        ("SMTP_PORT", {"smtp_port": 0}),
        ("SMTP_TLS", {"smtp_tls": "ssl"}),
        ("SMTP_TLS", {**LOGIN, "smtp_tls": "none"}),
        ("SMTP_USERNAME", {"smtp_username": "pocketpay"}),
        ("SMTP_USERNAME", {"smtp_password": "hunter2"}),
        ("SMTP_PASSWORD_FILE", {**LOGIN, "smtp_password_file": "password"}),
        ("MAIL_KEEP_DAYS", {"mail_keep_days": 0}),
    ],
)
def test_an_invalid_setting_is_named_and_no_password_is_shown(name: str, wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        load(**{**MAIL, **wrong})
    assert "hunter2" not in str(refused.value)


def test_the_password_is_read_from_a_file_without_its_final_newline(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2\n", encoding="utf-8")
    chosen = load(**MAIL, smtp_username="pocketpay", smtp_password_file=file)
    assert Server.of(chosen).password == "hunter2"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_a_file_without_a_password_stops_the_start(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match="SMTP_PASSWORD_FILE"):
        load(**MAIL, smtp_username="pocketpay", smtp_password_file=file)


def test_settings_show_no_password() -> None:
    assert "hunter2" not in repr(load(**MAIL, **LOGIN))
    assert "hunter2" not in repr(Server.of(load(**MAIL, **LOGIN)))
