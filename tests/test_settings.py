"""Settings: valid ones are read; an invalid one stops the start with one sentence that names it."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from pocketpay import settings
from pocketpay.money import Money
from pocketpay.risk.rule import RuleAction
from pocketpay.settings import (
    Environment,
    Settings,
    SettingsError,
    checked_secret_keys,
    fallback_keys,
    load,
    secret_names,
)

OUTSIDE = "postgresql://pocketpay@db/pocketpay"
LONG_ENOUGH = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Removes all our settings from the environment, and changes to a folder without a `.env`."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def sentence(**environment: object) -> str:
    """Returns the sentence with which those settings are refused."""
    with pytest.raises(SettingsError) as wrong:
        load(**environment)
    message = str(wrong.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert not message.endswith("..")
    return message


def test_a_server_without_settings_is_in_development_and_has_its_own_database() -> None:
    chosen = load()
    assert chosen.embedded
    assert not chosen.production
    assert (chosen.host, chosen.port) == ("127.0.0.1", 8000)
    assert chosen.served_currencies == ("USD",)
    assert chosen.welcome_bonuses == {"USD": Money(10_000, "USD")}
    assert chosen.amounts("large_transfer_threshold") == {"USD": Money(50_000, "USD")}
    assert {chosen.large_transfer_action, chosen.new_recipient_action} == {RuleAction.CONFIRM}
    assert (chosen.rapid_transfer_count, chosen.rapid_transfer_window_minutes) == (5, 60)
    assert (chosen.confirmation_minutes, chosen.access_token_expire_minutes) == (15, 10)


def test_environment_variables_are_read_in_upper_or_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("welcome_bonus", "5")
    assert load().port == 9000
    assert load().welcome_bonuses == {"USD": Money(500, "USD")}


@pytest.mark.parametrize(
    ("name", "setting"),
    [("DATABSE_URL", "DATABASE_URL"), ("transfer_limits", "TRANSFER_LIMIT"), ("SMTP_PASSWORDS", "SMTP_PASSWORD")],
)
def test_a_misspelt_setting_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, setting: str
) -> None:
    refusal = f"{name.upper()} is not a setting; the nearest one is {setting}."
    monkeypatch.setenv(name, "1")
    assert sentence() == refusal
    monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"{name}=1\n", encoding="utf-8")
    assert sentence() == refusal


def test_variables_of_other_programs_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Among them are those that Kubernetes sets for a service named "pocketpay", and PostgreSQL's image."""
    others = (
        "HOSTNAME",
        "POCKETPAY_PORT",
        "POCKETPAY_SERVICE_PORT",
        "POSTGRES_PASSWORD",
        "MAIL",
        "LOGNAME",
        "PGPORT",
    )
    for name in others:
        monkeypatch.setenv(name, "1")
    (tmp_path / ".env").write_text("".join(f"{name}=1\n" for name in others), encoding="utf-8")
    assert load() == load(_env_file=None)


def test_the_env_file_is_read_and_the_environment_overrides_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("# ours\nPORT=9001\nHOST='0.0.0.0'\nUNKNOWN=1\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "9002")
    assert (load().port, load().host) == (9002, "0.0.0.0")  # noqa: S104 - only parsed, not bound
    assert load(port=9003).port == 9003


def test_an_env_file_that_is_not_text_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe\x00")
    assert ".env" in sentence()


WRONG: dict[str, list[object]] = {
    "PORT": [-1, 65_536, "", "http", "80.5"],
    "ENVIRONMENT": ["test", "Production "],
    "LOG_LEVEL": ["loud", "TRACE"],
    "ALLOWED_ORIGINS": [
        *("app.example.com", "localhost:5173", "//app.example.com", "https://", "null", "https://a.example/app"),
        *("https://a.example?x", "https://a.example:port", "https://a@b.example", "https://[", "https://a.example;b"),
        "https://a.example,b.example",
    ],
    "ACCESS_TOKEN_EXPIRE_MINUTES": [0, 61, "ten", "inf"],
    "REFRESH_TOKEN_EXPIRE_DAYS": [0, 366],
    "SIGN_UP_RATE_PER_HOUR": [0, -1],
    "LARGE_TRANSFER_ACTION": ["ask", "true", ""],
    "NEW_RECIPIENT_ACTION": ["no"],
    "RAPID_TRANSFER_ACTION": ["ban"],
    "RAPID_TRANSFER_COUNT": [0, -5, "1.5"],
    "RAPID_TRANSFER_WINDOW_MINUTES": [0, 1_441],
    "UNUSUAL_HOUR_FROM": [-1, 24, "22:00"],
    "UNUSUAL_HOUR_UNTIL": [-1, 25, "5.5"],
    "UNUSUAL_HOUR_THRESHOLD": ["-1", "1.001", "EUR:1"],
    "UNUSUAL_HOUR_ACTION": ["ask"],
    "CONFIRMATION_MINUTES": [0, 1_441],
    "PENDING_TRANSFERS": [0, 1_001],
    "REQUEST_EXPIRE_DAYS": [0, 366],
    "OPEN_REQUESTS": [0, 1_001],
    "REQUESTS_PER_DAY": [0, 10_001],
    "CARDS_PER_WALLET": [0, 101],
    "BODY_BYTES": [10],
    "BODY_SECONDS": [0, -1, "nan"],
    "DOCUMENT_DEPTH": [0],
    "SOCKET_SUBSCRIPTIONS": [0],
    "TRUSTED_DOCUMENTS_MODE": ["on", "ONLY", "only"],
    "CURRENCIES": ["", ",", "USD,USD", "USD,usd", "DOLLARS", "USD;EUR", "XAU", "USD,BTC"],
    "WELCOME_BONUS": [
        *("free", "-1", "+1", "1e3", "1_000", "1,000.00", "NaN", "0.001", "10000000001", "１００", "100 USD"),
        *("$5", ".", "0.0.0", "EUR:1.00", "USD:", "USD:x", "USD:1.00,5", "USD:1.00,USD:2.00", "USD:1:2"),
    ],
    "LARGE_TRANSFER_THRESHOLD": ["lots", "500.005", "-0"],
    "DEPOSIT_LIMIT": ["none", "-1", "1.001"],
    "WITHDRAWAL_LIMIT": ["", "unlimited"],
    "TRANSFER_LIMIT": ["EUR:1.00"],
    "INSTANT_WITHDRAWAL_FEE_PERCENT": ["", "-1", "1.505", "100.01", "1.5%"],
    "SIMULATED_BANK": ["", "broken", "Slow "],
    "SIMULATED_BANK_SECONDS": [-1, 86_401, "nan", "inf"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_an_invalid_setting_is_named_in_one_sentence(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(value))
    assert name in sentence()


def test_an_error_message_never_contains_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "do not tell anybody")
    monkeypatch.setenv("PORT", "none")
    assert "tell" not in sentence()
    assert "tell" not in repr(load(port=1))
    with pytest.raises(SettingsError) as short:
        checked_secret_keys(load(port=1))
    assert "tell" not in str(short.value)


# ---------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("currencies", "text", "amounts"),
    [
        ("USD", "100.00", {"USD": 10_000}),
        ("USD", "100", {"USD": 10_000}),
        ("USD", " 100.5 ", {"USD": 10_050}),
        ("USD,EUR", "100.00", {"USD": 10_000, "EUR": 10_000}),
        ("USD,JPY,KWD", "100.00", {"USD": 10_000, "JPY": 100, "KWD": 100_000}),
        ("JPY", "100.000", {"JPY": 100}),
        ("USD,JPY", "USD:100.00,JPY:15000", {"USD": 10_000, "JPY": 15_000}),
        ("USD,JPY", " usd : 100.00 , jpy : 15000 ", {"USD": 10_000, "JPY": 15_000}),
        ("USD", "USD:1.00,JPY:15000", {"USD": 100}),
        ("USD,JPY", "0", {"USD": 0, "JPY": 0}),
        ("USD,JPY", "0.00", {"USD": 0, "JPY": 0}),
        ("USD,JPY", "USD:0,JPY:100", {"USD": 0, "JPY": 100}),
        ("usd, eur", "1", {"USD": 100, "EUR": 100}),
    ],
)
def test_a_money_setting_is_one_amount_or_one_per_currency(
    currencies: str, text: str, amounts: dict[str, int]
) -> None:
    chosen = load(currencies=currencies, large_transfer_threshold=text)
    assert chosen.amounts("large_transfer_threshold") == {code: Money(minor, code) for code, minor in amounts.items()}


@pytest.mark.parametrize(
    ("currencies", "text", "amounts"),
    [
        ("USD,KWD,JPY", None, {"USD": 10_000, "KWD": 0, "JPY": 0}),
        ("KWD,USD", "100.00", {"KWD": 100_000, "USD": 0}),
        ("USD,EUR", " 5 ", {"USD": 500, "EUR": 0}),
        ("USD,EUR", "0", {"USD": 0, "EUR": 0}),
        ("USD,EUR", "USD:5.00,EUR:4.00", {"USD": 500, "EUR": 400}),
        ("USD,EUR", "USD:0,EUR:4.00", {"USD": 0, "EUR": 400}),
        ("USD", "", {"USD": 10_000}),
    ],
)
def test_a_bonus_without_a_currency_applies_to_the_first_currency_only(
    currencies: str, text: str | None, amounts: dict[str, int]
) -> None:
    chosen = load(currencies=currencies, welcome_bonus=text)
    assert chosen.welcome_bonuses == {code: Money(minor, code) for code, minor in amounts.items()}


def test_the_bonus_is_off_in_production_unless_it_is_set() -> None:
    assert load(environment="production").welcome_bonuses == {"USD": Money(0, "USD")}
    assert load(database_url=OUTSIDE).welcome_bonuses == {"USD": Money(0, "USD")}
    assert load(environment="production", welcome_bonus="5.00").welcome_bonuses == {"USD": Money(500, "USD")}


@pytest.mark.parametrize("currencies", ["JPY", "KWD", "USD,JPY"])
def test_the_defaults_are_valid_for_every_currency(currencies: str) -> None:
    assert load(currencies=currencies).served_currencies == tuple(currencies.split(","))


def test_the_first_currency_is_the_default() -> None:
    assert load(currencies="eur, usd").served_currencies == ("EUR", "USD")


def test_a_currency_without_an_amount_is_named() -> None:
    message = sentence(currencies="USD,JPY,EUR", welcome_bonus="USD:100.00")
    assert message == "WELCOME_BONUS has no amount for JPY, EUR; write it like USD:100.00,JPY:15000."


def test_a_bonus_of_zero_switches_it_off() -> None:
    assert not load(welcome_bonus="0").welcome_bonuses["USD"].minor


# ---------------------------------------------------------------- production and its secret


@pytest.mark.parametrize(
    ("database_url", "environment", "production"),
    [
        (None, None, False),
        (None, "", False),
        (None, "development", False),
        (None, "production", True),
        (OUTSIDE, None, True),
        (OUTSIDE, "", True),
        (OUTSIDE, "development", False),
        (OUTSIDE, "production", True),
        ("", None, False),
    ],
)
def test_the_embedded_database_implies_development_and_an_external_one_production(
    database_url: str | None, environment: str | None, production: bool
) -> None:
    assert load(database_url=database_url, environment=environment).production is production


@pytest.mark.parametrize(
    ("database_url", "environment"),
    [(OUTSIDE, None), (OUTSIDE, Environment.DEVELOPMENT), (None, Environment.PRODUCTION)],
)
@pytest.mark.parametrize("secret_key", [None, ""])
def test_a_missing_secret_is_refused_in_production_and_with_an_external_database(
    database_url: str | None, environment: Environment | None, secret_key: str | None
) -> None:
    chosen = load(database_url=database_url, environment=environment, secret_key=secret_key)
    with pytest.raises(SettingsError, match=r"SECRET_KEY is missing: .*openssl rand -hex 32"):
        checked_secret_keys(chosen)


def test_development_on_the_embedded_database_needs_no_secret() -> None:
    assert checked_secret_keys(load()) is None


@pytest.mark.parametrize("database_url", [None, OUTSIDE])
def test_a_short_secret_is_always_refused(database_url: str | None) -> None:
    for short in ("x", "a" * 31):
        with pytest.raises(SettingsError, match=r"SECRET_KEY is too short \(\d+ bytes\)"):
            checked_secret_keys(load(database_url=database_url, secret_key=short))
    chosen = load(database_url=database_url, secret_key=LONG_ENOUGH)
    assert checked_secret_keys(chosen) == (LONG_ENOUGH.encode(),)


def test_the_length_of_a_secret_is_measured_in_bytes() -> None:
    assert checked_secret_keys(load(secret_key="ü" * 16)) == (("ü" * 16).encode(),)


def test_settings_are_immutable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1


def test_origins_are_read_from_the_setting() -> None:
    assert load(allowed_origins=" https://a.example ,,https://b.example").origins == (
        "https://a.example",
        "https://b.example",
    )
    assert settings.load().origins == ()
    assert load(allowed_origins="*").origins == ("*",)


def test_origins_are_normalised_to_the_form_that_browsers_send() -> None:
    for written in ("https://app.example.com/", "HTTPS://App.example.com", "https://app.example.com:443"):
        assert load(allowed_origins=written).origins == ("https://app.example.com",)
    for written in ("http://[::1]:5173", "http://localhost:5173", "capacitor://localhost"):
        assert load(allowed_origins=written + "/").origins == (written,)


def test_an_origin_without_a_scheme_is_refused_with_an_example() -> None:
    assert sentence(allowed_origins="app.example.com") == (
        "ALLOWED_ORIGINS: 'app.example.com' has no scheme. Write it like https://app.example.com."
    )


def test_proxies_are_networks_in_their_canonical_form() -> None:
    assert load(trusted_proxies=" 10.0.0.1, fd00::/8,").proxies == ("10.0.0.1/32", "fd00::/8")
    assert load().proxies == ()


@pytest.mark.parametrize("value", ["*", "proxy.example.com", "10.0.0.1/8", "10.0.0.0/33"])
def test_a_proxy_that_is_not_a_network_is_refused(value: str) -> None:
    assert "TRUSTED_PROXIES" in sentence(trusted_proxies=value)


MAIL = {
    "smtp_host": "mail.example.com",
    "mail_from": "Pocket Pay <no-reply@example.com>",
    "public_url": "https://app.example.com",
}


def test_without_a_server_mail_is_off_in_production_and_logged_in_development() -> None:
    assert load().mail_is_on
    assert not load(database_url=OUTSIDE, secret_key=LONG_ENOUGH).mail_is_on
    chosen = load(database_url=OUTSIDE, secret_key=LONG_ENOUGH, **MAIL)
    assert chosen.mail_is_on
    assert (chosen.smtp_port, chosen.smtp_tls.value, chosen.sender) == (
        587,
        "starttls",
        ("Pocket Pay", "no-reply@example.com"),
    )


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"mail_from": None}, "MAIL_FROM"),
        ({"mail_from": "nobody"}, "MAIL_FROM"),
        ({"mail_from": "a@example.com, b@example.com"}, "MAIL_FROM"),
        ({"smtp_username": "us"}, "SMTP_USERNAME"),
        ({"smtp_password": "secret-word"}, "SMTP_USERNAME"),
        ({"smtp_username": "us", "smtp_password": "secret-word", "smtp_password_file": "/x"}, "SMTP_PASSWORD_FILE"),
        ({"smtp_username": "us", "smtp_password": "secret-word", "smtp_tls": "none"}, "SMTP_TLS"),
        ({"smtp_tls": "maybe"}, "SMTP_TLS"),
        ({"smtp_port": "0"}, "SMTP_PORT"),
    ],
    ids=str,
)
def test_invalid_mail_settings_stop_the_start(wrong: dict[str, str], named: str) -> None:
    message = sentence(**{**MAIL, **wrong})
    assert named in message
    assert "secret-word" not in message


def test_every_secret_can_be_in_a_file_and_repr_shows_none() -> None:
    """A setting whose name sounds like a secret is a secret, or is listed here."""
    names = secret_names(Settings)
    sounds = re.compile("key|token|password|secret|database")
    others = {name for name in Settings.model_fields if sounds.search(name) and not name.endswith("_file")} - {*names}
    assert others == {"access_token_expire_minutes", "refresh_token_expire_days", "document_tokens"}
    for name in names:
        assert Settings.model_fields[f"{name}_file"].annotation == Path | None


VALUES = {
    "database_url": OUTSIDE,
    "database_owner_url": OUTSIDE,
    "secret_key": LONG_ENOUGH,
    "secret_key_fallbacks": f"{LONG_ENOUGH}\n{LONG_ENOUGH}",
    "metrics_token": "a token",
    "smtp_password": "a password",
    "stripe_secret_key": "sk_test_of_nobody",
    "stripe_webhook_secrets": "whsec_one whsec_two",
}
NEEDED: dict[str, dict[str, str]] = {
    "smtp_password": {"smtp_username": "us"},
    "stripe_secret_key": {"public_url": "https://app.example.com"},
    "stripe_webhook_secrets": {
        "public_url": "https://app.example.com",
        "stripe_secret_key": "sk_test_of_nobody",
    },
}


@pytest.mark.parametrize("name", secret_names(Settings))
def test_a_secret_is_read_from_its_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = NEEDED.get(name, {})
    file, title = tmp_path / "secret", name.upper()
    monkeypatch.setenv(f"{title}_FILE", str(file))
    assert sentence(**needed) == f"{title}_FILE cannot be read: FileNotFoundError."
    file.write_text(f"{VALUES[name]}\n")
    chosen = load(**needed)
    value = getattr(chosen, name)
    assert (value.get_secret_value() if isinstance(value, SecretStr) else value) == VALUES[name]
    assert VALUES[name] not in repr(chosen)
    # A copy with other settings, as operators' risk settings make it, keeps what was read.
    assert getattr(settings.with_overrides(chosen, {"rapid_transfer_count": "7"}), name) == value
    for content, wrong in (
        (b" \n", f"{title}_FILE is empty. Write the value of {title} into it."),
        (b"\xff", f"{title}_FILE cannot be read: UnicodeDecodeError."),
        (b"x" * 65_537, f"{title}_FILE has more than 65536 bytes."),
    ):
        file.write_bytes(content)
        assert sentence(**needed) == wrong
    monkeypatch.setenv(title, VALUES[name])
    assert sentence(**needed) == f"{title} and {title}_FILE are both set. Set only one."
    # Empty is absent, as it is for other settings.
    monkeypatch.setenv(f"{title}_FILE", "")
    assert getattr(load(**needed), name) == value


def test_fallback_keys_are_listed_after_the_key_that_signs() -> None:
    first, second, third = ("a" * 32, "b" * 32, "c" * 40)
    chosen = load(secret_key=first, secret_key_fallbacks=f" {second},\n{third}\t")
    assert checked_secret_keys(chosen) == tuple(key.encode() for key in (first, second, third))
    # The key that an embedded server has made is the first.
    assert fallback_keys(load(secret_key_fallbacks=second)) == (second.encode(),)
    for wrong, words in (
        (f"{second} x", "SECRET_KEY_FALLBACKS is too short (1 bytes)"),
        (" ".join([second] * 5), "SECRET_KEY_FALLBACKS has 5 keys. At most 4 are accepted."),
    ):
        for key in (first, None):
            with pytest.raises(SettingsError, match=re.escape(words)):
                checked_secret_keys(load(secret_key=key, secret_key_fallbacks=wrong))


def test_cookies_need_explicit_origins() -> None:
    message = sentence(refresh_cookie=True, allowed_origins="https://app.example,*")
    assert "REFRESH_COOKIE" in message
    assert load(refresh_cookie=True, allowed_origins="https://app.example").refresh_cookie
    assert not load(allowed_origins="*").refresh_cookie
