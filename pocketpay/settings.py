"""The settings: each with its type, default and unit.

`load()` reads them from the environment and from `.env` in the working directory. It raises SettingsError, with one
sentence that says what to do, when a setting is wrong. Money is decimal text: `100.00` is that number in every served
currency (WELCOME_BONUS: only in the first), `USD:100.00,JPY:15000` has an amount for each currency. The settings of a
risk rule are in the rule's own file.

A secret can be in a file instead: NAME_FILE is its path (decision 62). The file is read immediately, so that the rest
of the server knows only the secret.
"""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from pocketpay import money
from pocketpay.amounts import MoneySetting, is_money, money_setting
from pocketpay.database import address
from pocketpay.errors import PocketPayError
from pocketpay.money import Money
from pocketpay.risk.rules import RiskSettings

MIN_SECRET_BYTES = 32
"""Minimum length of the key that signs tokens. HS256 needs a key as long as its hash, 32 bytes (RFC 7518, 3.2)."""

MAX_FALLBACKS = 4
"""Maximum number of keys that only verify. Each of them makes one more code of a text message valid."""

SEPARATORS = re.compile(r"[,\s]+")
"""The separators between the keys of SECRET_KEY_FALLBACKS."""

MAX_SECRET_FILE_BYTES = 65_536
"""Maximum size of the file of a secret. Without a limit a path like /dev/zero would be read for ever."""

SecretKeys = tuple[bytes, ...]
"""The secret keys of a server, at least one: the first signs, all verify."""

DEVELOPMENT_BONUS = "100.00"
"""The default of WELCOME_BONUS in development."""

PRODUCTION_DRAIN_SECONDS = 5.0
"""The default of DRAIN_SECONDS in production. Kubernetes sends new connections for a few seconds more, so it must not
be shorter. `docker stop` kills after ten seconds; with this default a server without open requests ends earlier."""

DEVELOPMENT_SENDER = "Pocket Pay <no-reply@example.test>"
"""The default of MAIL_FROM in development."""

STRIPE_API = "https://api.stripe.com"
STRIPE_STAND_IN = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d{1,5}", re.ASCII)
STRIPE_KEY = re.compile(r"[sr]k_(test|live)_\S")

MAX_WEBHOOK_SECRETS = 8
"""Two endpoints, for the own account and for connected accounts, each with an old and a new secret, twice."""

ORIGIN_SHAPE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?", re.ASCII
)
DEFAULT_PORTS = {"http": "80", "https": "443"}

LOOPBACK = ("localhost", "127.0.0.1", "::1")

MISSPELT_IN_ENVIRONMENT = 0.9
"""From this similarity to a setting on, 0 to 1, a variable of the environment counts as a misspelt setting. Other
programs have variables there too."""
MISSPELT_IN_FILE = 0.85
"""The same for a name in `.env`."""

PERCENT_SHAPE = re.compile(r"(\d{1,3})(?:\.(\d{1,6}))?", re.ASCII)


class SettingsError(PocketPayError):
    """A setting is missing or wrong. The message names the setting and says what to do."""


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SimulatedBank(StrEnum):
    """How the simulated bank behaves."""

    INSTANT = "instant"
    SLOW = "slow"
    SILENT = "silent"
    DECLINING = "declining"
    FLAKY = "flaky"


class SmtpTls(StrEnum):
    """How the connection to the SMTP server is encrypted."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


class TrustedDocuments(StrEnum):
    """Which GraphQL documents a server with TRUSTED_DOCUMENTS accepts."""

    OFF = "off"
    ALLOW = "allow"
    ONLY = "only"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _file_of(name: str) -> Any:
    """Returns the field of the setting NAME_FILE."""
    return Field(None, description=f"A file that contains only {name}. Use it instead of {name}.")


class Settings(RiskSettings, BaseSettings):
    """The settings of one server, including those of the risk rules. A field has the name of its environment variable
    in lower case."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    # the database
    database_url: str | None = Field(
        None,
        repr=False,
        description="The URL of your PostgreSQL 18 with the server's login, with all its hosts, separated by commas. "
        "When absent, the server starts an embedded PostgreSQL.",
    )
    database_url_file: Path | None = _file_of("DATABASE_URL")
    database_owner_url: str | None = Field(
        None, repr=False, description="The URL with the owner's login, used only by `migrate`. Default: DATABASE_URL."
    )
    database_owner_url_file: Path | None = _file_of("DATABASE_OWNER_URL")
    pocketpay_data: Path = Field(
        Path(".pocketpay"), description="The folder of the embedded PostgreSQL and its secret key."
    )

    # the server
    environment: Environment | None = Field(
        None,
        description="development or production. Default: production with DATABASE_URL, development with the "
        "embedded PostgreSQL.",
    )
    host: str = Field(
        "127.0.0.1", description="The address to listen on. 0.0.0.0 means all addresses of this machine."
    )
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on. 0 chooses a free port.")
    log_level: LogLevel = Field(
        LogLevel.INFO, description="The lowest level that is logged: debug, info, warning or error."
    )
    slow_operation_seconds: float = Field(
        1.0,
        gt=0,
        description="Operations that take at least this number of seconds are logged as slow_operation, without "
        "their variables.",
    )
    allowed_origins: str = Field(
        "",
        description="Allowed origins of browser clients (CORS, websockets), separated by commas, like "
        "https://app.example.com. * allows all. In development the origins of this machine are allowed too: "
        "http://localhost, http://127.0.0.1 and http://[::1], on any port.",
    )
    refresh_cookie: bool = Field(
        False,
        description="Whether browser clients can get the refresh token in a cookie that scripts cannot read. The "
        "client must be on the same site as this server, and ALLOWED_ORIGINS must not be *.",
    )

    drain_seconds: float | None = Field(
        None,
        ge=0,
        le=300,
        description="Number of seconds for which a server continues to serve after SIGTERM, while /readyz responds "
        "with 503. It must be longer than a load balancer needs to notice. With 0, idle connections are closed "
        "immediately. Default: 5 in production, 0 in development.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of reverse proxies, separated by commas, like 10.0.0.0/8. Only their "
        "X-Forwarded-For and X-Forwarded-Proto headers are trusted. Default: none.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="The token for /metrics, sent as `Authorization: Bearer`. When absent, /metrics is open in "
        "development and responds with 404 in production.",
    )
    metrics_token_file: Path | None = _file_of("METRICS_TOKEN")

    # identity
    secret_key: SecretStr | None = Field(
        None,
        description="The key that signs tokens: at least 32 random bytes, the same on every server. With the "
        "embedded PostgreSQL in development, the server creates and stores one when it is absent.",
    )
    secret_key_file: Path | None = _file_of("SECRET_KEY")
    secret_key_fallbacks: SecretStr | None = Field(
        None,
        description="Keys that do not sign, but whose tokens, links and codes are accepted: at most 4, separated by "
        "commas, spaces or line breaks. It makes the replacement of SECRET_KEY possible while servers run.",
    )
    secret_key_fallbacks_file: Path | None = _file_of("SECRET_KEY_FALLBACKS")
    access_token_expire_minutes: int = Field(10, ge=1, le=60, description="Lifetime of an access token in minutes.")
    refresh_token_expire_days: int = Field(
        30, ge=1, le=365, description="Maximum lifetime of a session in days, even when it is refreshed."
    )
    sign_up_rate_per_hour: int | None = Field(
        None,
        ge=1,
        description="Maximum sign-ups per hour from one address, and the same number of username checks. Default: "
        "60 in production, no limit in development.",
    )
    sign_in_rate_per_minute: int | None = Field(
        None,
        ge=1,
        description="Maximum sign-ins per minute from one address. Default: 20 in production, no limit in "
        "development.",
    )
    request_rate_per_second: int | None = Field(
        None,
        ge=1,
        description="Maximum requests per second of one user; bursts up to twice that. Default: 300 in production, "
        "no limit in development.",
    )
    anonymous_rate_per_second: int | None = Field(
        None,
        ge=1,
        description="Maximum requests per second without a valid token from one address (an IPv6 /64 counts as "
        "one); bursts up to twice that. Default: 20 in production, no limit in development. Behind a proxy that is "
        "not in TRUSTED_PROXIES, all clients share its address.",
    )

    # mail
    smtp_host: str | None = Field(
        None,
        description="The SMTP server for outgoing mail. When absent, no mail is sent; in development, mails are "
        "written to the log.",
    )
    smtp_port: int = Field(
        587, ge=1, le=65535, description="The port of the SMTP server; usually 465 with SMTP_TLS=implicit."
    )
    smtp_tls: SmtpTls = Field(
        SmtpTls.STARTTLS,
        description="The encryption of the SMTP connection: starttls, implicit (TLS from the start) or none. When "
        "the server does not support it or its certificate is not valid, no mail is sent.",
    )
    smtp_username: str | None = Field(
        None, description="The username for the SMTP server. When absent, the server does not log in."
    )
    smtp_password: SecretStr | None = Field(None, description="The password for the SMTP server.")
    smtp_password_file: Path | None = _file_of("SMTP_PASSWORD")
    mail_from: str | None = Field(
        None,
        description="The sender of mails, like Pocket Pay <no-reply@example.com>. Required with SMTP_HOST.",
    )
    public_url: str | None = Field(
        None,
        description="The URL of the app for customers, like https://app.example.com. Links in mails start with it. "
        "Required with SMTP_HOST.",
    )
    mail_keep_days: int = Field(
        7, ge=1, le=365, description="Number of days that a mail is stored after it was sent or has failed."
    )

    # money
    currencies: str = Field(
        "USD",
        description="The supported currencies as ISO 4217 codes, separated by commas. The first is the default.",
    )
    welcome_bonus: str | None = Field(
        None,
        description="The bonus for a new user. Default: 100.00 in development, 0 in production. A number without a "
        "currency applies only to the first of CURRENCIES. In production it is paid when the user verifies an email "
        "address, once per address and once per wallet.",
    )
    deposit_limit: MoneySetting = Field(
        "10000.00", description="Maximum deposits of a wallet from banks within 24 hours."
    )
    withdrawal_limit: MoneySetting = Field(
        "5000.00", description="Maximum withdrawals of a wallet to banks within 24 hours."
    )
    transfer_limit: MoneySetting = Field(
        "20000.00", description="Maximum payments of a wallet to other users within 24 hours."
    )
    instant_withdrawal_fee_percent: str = Field(
        "1.5", description="The fee of an instant withdrawal in percent of its amount, with at most two decimals."
    )
    simulated_bank: SimulatedBank = Field(
        SimulatedBank.INSTANT,
        description="The behaviour of the simulated bank: instant, slow, silent, declining or flaky. In production "
        "it must be instant.",
    )
    simulated_bank_seconds: float = Field(
        30.0, ge=0, le=86_400, description="Number of seconds that a slow or silent bank waits before it answers."
    )
    stripe_secret_key: SecretStr | None = Field(
        None,
        description="The secret key of your Stripe account, or a restricted one. With it, Stripe is the bank. "
        "Production needs a live key, development a test key. Requires PUBLIC_URL.",
    )
    stripe_secret_key_file: Path | None = _file_of("STRIPE_SECRET_KEY")
    stripe_webhook_secrets: SecretStr | None = Field(
        None,
        description="The signing secrets of your webhook endpoints at Stripe, separated by commas, spaces or line "
        "breaks: at most 8. With them, the server accepts webhooks at /webhooks/stripe. Required in production with "
        "STRIPE_SECRET_KEY.",
    )
    stripe_webhook_secrets_file: Path | None = _file_of("STRIPE_WEBHOOK_SECRETS")
    stripe_test_mode: bool = Field(
        False,
        description="Whether production accepts a test key, for staging: deposits then cost the customers nothing.",
    )
    stripe_api_base: str | None = Field(
        None,
        description="The URL of a server that behaves like Stripe, for tests: http://127.0.0.1 or http://localhost, "
        "with a port. Default: Stripe itself.",
    )
    confirmation_minutes: int = Field(
        15, ge=1, le=1440, description="Number of minutes after which a payment that waits for confirmation expires."
    )
    pending_transfers: int = Field(
        20, ge=1, le=1000, description="Maximum number of payments of one wallet that wait for confirmation."
    )

    # money requests
    request_expire_days: int = Field(
        30, ge=1, le=365, description="Number of days after which a money request expires."
    )
    open_requests: int = Field(
        5, ge=1, le=1000, description="Maximum number of open money requests from one user to another."
    )
    requests_per_day: int = Field(
        50, ge=1, le=10_000, description="Maximum number of money requests of one wallet within 24 hours."
    )

    # cards
    cards_per_wallet: int = Field(
        20, ge=1, le=100, description="Maximum number of open cards of one wallet, including frozen ones."
    )

    # connections
    connections: int = Field(
        10_000,
        ge=1,
        description="Maximum number of open connections per server process. It is lower when the process cannot "
        "open that many files (64 are reserved for the server itself).",
    )
    connections_per_address: int = Field(
        500,
        ge=0,
        description="Maximum number of open connections from one address (an IPv6 /64 counts as one), and never "
        "more than a quarter of all connections. 0 means only that quarter. TRUSTED_PROXIES are not counted. Behind "
        "a load balancer that is not in TRUSTED_PROXIES, all clients share its address: raise this limit or set it "
        "to 0.",
    )
    keep_alive_seconds: float = Field(
        75.0,
        gt=0,
        le=3600,
        description="Number of seconds that an idle connection stays open. It must be longer than the idle timeout "
        "of the load balancer (usually 60).",
    )

    # limits of a request
    body_bytes: int = Field(
        327_680,
        ge=1_024,
        description="The largest body of a request, in bytes; 65536 of one without a valid access token. 100 "
        "transfers with descriptions of 500 characters have 312,000 where each is escaped, like \\u00e9.",
    )
    body_seconds: float = Field(5.0, gt=0, description="Maximum time in seconds for a request body to arrive.")
    document_tokens: int = Field(
        1_000, ge=50, description="Maximum number of tokens in a GraphQL document; 400 without an access token."
    )
    document_depth: int = Field(10, ge=3, description="Maximum nesting depth of fields in a GraphQL document.")
    document_aliases: int = Field(30, ge=1, description="Maximum number of aliases in a GraphQL document.")
    document_fields: int = Field(
        500,
        ge=20,
        description="Maximum number of fields in a GraphQL document. Fields of a fragment count at each use.",
    )
    document_cost: int = Field(
        2_000,
        ge=50,
        description="Maximum number of objects that a GraphQL document can return. Each list multiplies its "
        "contents by `first` or `last`.",
    )
    trusted_documents: Path | None = Field(
        None,
        description="A JSON file with the documents of your own clients by their ids, as the builds of Apollo, Relay "
        "and GraphQL Code Generator write it. Requests may name a document instead of sending its text.",
    )
    trusted_documents_mode: TrustedDocuments = Field(
        TrustedDocuments.ALLOW,
        description="off: the file is not read. allow: other documents are answered too. only: every other document "
        "is refused.",
    )
    root_mutations: int = Field(5, ge=1, description="Maximum number of mutations in one request.")
    socket_subscriptions: int = Field(
        20,
        ge=1,
        description="Maximum number of subscriptions per websocket. The same number of queries runs at the same "
        "time; further queries wait.",
    )
    sockets_per_user: int = Field(
        10, ge=1, description="Maximum number of websockets and event streams of one user on one server."
    )
    sockets_per_address: int = Field(
        100,
        ge=1,
        description="Maximum number of websockets from one address that are not signed in, on one server. Above it, "
        "the oldest one is closed.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Replaces each NAME_FILE by NAME with the contents of the file."""
        read = dict(values)
        for name in secret_names(cls):
            path = read.pop(f"{name}_file", None) or None
            if path is not None and read.get(name):
                raise ValueError(f"{name.upper()} and {name.upper()}_FILE are both set. Set only one")
            if path is not None:
                read[name] = _secret_in(Path(path), name.upper())
        return read

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_absent(cls, value: object, info: ValidationInfo) -> object:
        """Treats an empty value (`NAME=`) of an optional setting as absent. A .env file or a container can have
        one."""
        optional = cls.model_fields[info.field_name or ""].default is None
        return None if value == "" and optional else value

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _check_address(cls, value: str | None) -> str | None:
        if value is not None:
            address.check(value)
        return value

    @model_validator(mode="after")
    def _check_money_settings(self) -> Self:
        for name in MONEY_SETTINGS:
            self.amounts(name)
        _ = self.welcome_bonuses
        _ = self.instant_withdrawal_fee_bps
        return self

    @model_validator(mode="after")
    def _check_proxies(self) -> Self:
        _ = self.proxies
        return self

    @model_validator(mode="after")
    def _check_origins(self) -> Self:
        if "*" in self.origins and self.refresh_cookie:
            raise ValueError("REFRESH_COOKIE needs the origins that may use it: ALLOWED_ORIGINS must not be *")
        return self

    @model_validator(mode="after")
    def _check_simulated_bank(self) -> Self:
        if self.production and self.simulated_bank is not SimulatedBank.INSTANT:
            raise ValueError("SIMULATED_BANK must be instant in production")
        return self

    @model_validator(mode="after")
    def _check_stripe(self) -> Self:
        key, _ = self.stripe_secret_key, (self.stripe_api, self.webhook_secrets)
        if key is None:
            if self.stripe_webhook_secrets is not None:
                raise ValueError("STRIPE_SECRET_KEY is missing. It is required with STRIPE_WEBHOOK_SECRETS")
            return self
        mode = STRIPE_KEY.match(key.get_secret_value())
        if mode is None:
            raise ValueError("STRIPE_SECRET_KEY must begin with sk_test_, rk_test_, sk_live_ or rk_live_")
        if mode[1] == "live" and not self.production:
            raise ValueError("STRIPE_SECRET_KEY is a live key, which moves real money. Development needs a test key")
        if mode[1] == "test" and self.production and not self.stripe_test_mode:
            raise ValueError(
                "STRIPE_SECRET_KEY is a test key: deposits would cost nothing. Production needs a live key, or "
                "STRIPE_TEST_MODE=true"
            )
        if self.simulated_bank is not SimulatedBank.INSTANT:
            raise ValueError("SIMULATED_BANK and STRIPE_SECRET_KEY are both set. Set only one")
        if self.app_url is None:
            raise ValueError("PUBLIC_URL is missing. It is required with STRIPE_SECRET_KEY")
        if self.production and not self.webhook_secrets:
            raise ValueError("STRIPE_WEBHOOK_SECRETS is missing. Production requires it with STRIPE_SECRET_KEY")
        return self

    @model_validator(mode="after")
    def _check_trusted_documents(self) -> Self:
        if self.trusted_documents_mode is TrustedDocuments.ONLY and self.trusted_documents is None:
            raise ValueError("TRUSTED_DOCUMENTS is missing. It is required with TRUSTED_DOCUMENTS_MODE=only")
        return self

    @model_validator(mode="after")
    def _check_mail(self) -> Self:
        _ = self.sender
        _ = self.app_url
        if self.smtp_host is not None:
            for name in ("mail_from", "public_url"):
                if getattr(self, name) is None:
                    raise ValueError(f"{name.upper()} is missing. It is required with SMTP_HOST")
        has_password = self.smtp_password is not None
        if has_password != (self.smtp_username is not None):
            raise ValueError("SMTP_USERNAME and a password are required together. Set both or neither")
        if has_password and self.smtp_tls is SmtpTls.NONE:
            raise ValueError("SMTP_TLS is none, which would send the SMTP password in clear text")
        return self

    @property
    def drain(self) -> float:
        """DRAIN_SECONDS, or its default."""
        default = PRODUCTION_DRAIN_SECONDS if self.production else 0.0
        return default if self.drain_seconds is None else self.drain_seconds

    @property
    def embedded(self) -> bool:
        """Whether the server runs the embedded PostgreSQL."""
        return self.database_url is None

    @property
    def production(self) -> bool:
        """Whether this is production. Without ENVIRONMENT, a server with the embedded database is in development,
        and a server with any other database is in production."""
        chosen = self.environment or (Environment.DEVELOPMENT if self.embedded else Environment.PRODUCTION)
        return chosen is Environment.PRODUCTION

    @property
    def mail_is_on(self) -> bool:
        """Whether mail is sent, or written to the log in development."""
        return self.smtp_host is not None or not self.production

    @property
    def text_messages_are_on(self) -> bool:
        """Whether text messages are written to the log. Production has no provider that sends them."""
        return not self.production

    @property
    def sender(self) -> tuple[str, str]:
        """The name and the address in MAIL_FROM. Raises ValueError when MAIL_FROM is not a valid sender."""
        # Imported only here: few processes send mail, and every command reads the settings.
        from email_validator import EmailNotValidError, validate_email

        try:
            kept = validate_email(
                self.mail_from or DEVELOPMENT_SENDER,
                allow_display_name=True,
                allow_smtputf8=False,
                check_deliverability=False,
                test_environment=True,
            )
        except EmailNotValidError:
            raise ValueError("MAIL_FROM is not a sender like Pocket Pay <no-reply@example.com>") from None
        return kept.display_name or "", kept.normalized

    @property
    def app_url(self) -> str | None:
        """PUBLIC_URL without a trailing slash. Raises ValueError when it is not the URL of an app."""
        if self.public_url is None:
            return None
        try:
            parts = urlsplit(self.public_url)
            host = parts.hostname
        except ValueError:
            host = None
        plain = host in LOOPBACK or not self.production
        if not host or parts.scheme not in ("https", "http" if plain else "https") or parts.query or parts.fragment:
            raise ValueError("PUBLIC_URL is not the URL of an app, like https://app.example.com")
        return self.public_url.rstrip("/")

    @property
    def stripe_api(self) -> str:
        """STRIPE_API_BASE without a trailing slash, or Stripe's own. Raises ValueError for any other server."""
        base = (self.stripe_api_base or STRIPE_API).rstrip("/")
        if base != STRIPE_API and not STRIPE_STAND_IN.fullmatch(base):
            raise ValueError("STRIPE_API_BASE must be on this machine, like http://127.0.0.1:12111")
        return base

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """STRIPE_WEBHOOK_SECRETS, one by one. Raises ValueError when there are too many, or one is none."""
        text = "" if self.stripe_webhook_secrets is None else self.stripe_webhook_secrets.get_secret_value()
        secrets = tuple(secret for secret in SEPARATORS.split(text) if secret)
        if len(secrets) > MAX_WEBHOOK_SECRETS or not all(secret.startswith("whsec_") for secret in secrets):
            raise ValueError(
                f"STRIPE_WEBHOOK_SECRETS must be at most {MAX_WEBHOOK_SECRETS} secrets that begin with whsec_"
            )
        return secrets

    @property
    def served_currencies(self) -> tuple[str, ...]:
        """The currency codes of CURRENCIES, the default one first. Raises ValueError when CURRENCIES is not valid."""
        codes = tuple(part.strip().upper() for part in self.currencies.split(",") if part.strip())
        if not codes or len(set(codes)) != len(codes):
            raise ValueError("CURRENCIES must have each ISO 4217 code once, for example USD,EUR")
        for code in codes:
            try:
                money.currency(code)
            except LookupError as unknown:
                raise ValueError(f"CURRENCIES: {unknown}") from unknown
        return codes

    def amounts(self, name: str) -> dict[str, Money]:
        """The money setting with the field name `name`: an amount for each served currency code."""
        return money_setting(name.upper(), getattr(self, name), self.served_currencies)

    @property
    def welcome_bonuses(self) -> dict[str, Money]:
        """WELCOME_BONUS for each served currency. A number without a currency applies only to the first currency; the
        others get zero."""
        text, codes = self.welcome_bonus, self.served_currencies
        if text is None:
            text = "0" if self.production else DEVELOPMENT_BONUS
        named = codes if ":" in text else codes[:1]
        return {code: Money(0, code) for code in codes} | money_setting("WELCOME_BONUS", text, named)

    @property
    def instant_withdrawal_fee_bps(self) -> int:
        """INSTANT_WITHDRAWAL_FEE_PERCENT in basis points, exactly: 1.5 is 150."""
        return basis_points("INSTANT_WITHDRAWAL_FEE_PERCENT", self.instant_withdrawal_fee_percent)

    @property
    def proxies(self) -> tuple[str, ...]:
        """The networks of TRUSTED_PROXIES in canonical form. Raises ValueError for a text that is not a network."""
        networks = [part.strip() for part in self.trusted_proxies.split(",") if part.strip()]
        try:
            return tuple(str(ip_network(network)) for network in networks)
        except ValueError as wrong:
            raise ValueError(f"TRUSTED_PROXIES: {wrong}") from None

    @property
    def origins(self) -> tuple[str, ...]:
        """ALLOWED_ORIGINS as browsers send them. Raises ValueError for a text that is not an origin."""
        return tuple(allowed_origin(part.strip()) for part in self.allowed_origins.split(",") if part.strip())


def allowed_origin(text: str) -> str:
    """One item of ALLOWED_ORIGINS in the form that a browser sends; `*` stays `*` and allows every origin.

    Raises ValueError with a sentence when the text has no scheme, or has more than scheme, host and port.
    """
    if text == "*":
        return text
    if "://" not in text:
        raise ValueError(f"ALLOWED_ORIGINS: {text!r} has no scheme. Write it like https://app.example.com")
    origin = normalized_origin(text.removesuffix("/"))
    if origin is None:
        raise ValueError(
            f"ALLOWED_ORIGINS: {text!r} is not an origin. Write only scheme, host and port, like "
            "https://app.example.com"
        )
    return origin


def normalized_origin(text: str) -> str | None:
    """An origin in the form browsers send: lower case, no default port. None for a text that is not an origin."""
    shape = ORIGIN_SHAPE.fullmatch(text.lower())
    if shape is None:
        return None
    scheme, host, port = shape.group("scheme", "host", "port")
    return f"{scheme}://{host}" + ("" if port in (None, DEFAULT_PORTS.get(scheme)) else f":{port}")


MONEY_SETTINGS = tuple(name for name, field in Settings.model_fields.items() if is_money(field))


def basis_points(name: str, text: str) -> int:
    """Converts a percentage in decimal text to basis points: "1.5" is 150. The maximum is 10,000.

    Raises ValueError with a sentence when the text is not a percentage from 0 to 100 with at most two decimals.
    """
    shape = PERCENT_SHAPE.fullmatch(text.strip())
    if shape is not None:
        whole, part = shape.group(1), shape.group(2) or ""
        bps = int(whole + part.rstrip("0").ljust(2, "0"))
        if len(part.rstrip("0")) <= 2 and bps <= 10_000:
            return bps
    raise ValueError(f"{name}: {text!r} is not a percentage from 0 to 100 with at most two decimals, like 1.5")


def full_description(field: FieldInfo) -> str:
    """The description of a setting, followed by a sentence with its bounds if it is a number with bounds."""
    return f"{field.description} {_bounds(field)}".rstrip()


def _bounds(field: FieldInfo) -> str:
    """The bounds of a number in one sentence; "" when there are none."""
    words = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
    limits: dict[str, Any] = {}
    for constraint in field.metadata:
        limits |= {bound: getattr(constraint, bound) for bound in words if hasattr(constraint, bound)}
    sentence = " and ".join(words[bound].format(limit) for bound, limit in limits.items())
    return f"{sentence.capitalize()}." if sentence else ""


def load(**overrides: object) -> Settings:
    """Reads the settings of this process. Raises SettingsError with one sentence about the first wrong setting."""
    try:
        _refuse_misspelt(os.environ, MISSPELT_IN_ENVIRONMENT)
        _refuse_misspelt(DotEnvSettingsSource(Settings).env_vars, MISSPELT_IN_FILE)
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as wrong:
        raise _first_error(wrong) from None
    except (OSError, UnicodeDecodeError) as wrong:
        raise SettingsError(
            f".env cannot be read ({wrong}). It must be UTF-8 text that this user can read."
        ) from None


def changed(settings: Settings) -> dict[str, object]:
    """The settings that differ from their default, by name. A secret is shown as "(set)"."""
    values: dict[str, object] = {}
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if value != field.default:
            is_secret = isinstance(value, SecretStr) or not field.repr
            values[name.upper()] = "(set)" if is_secret else value
    return values


def _refuse_misspelt(names: Iterable[str], similarity: float) -> None:
    """Raises SettingsError for the first name that is not a setting but is almost one: a typing error would otherwise
    leave the default in force."""
    known = [name.upper() for name in Settings.model_fields]
    for name in sorted(name.upper() for name in names):
        if name not in known:
            for nearest in get_close_matches(name, known, n=1, cutoff=similarity):
                raise SettingsError(f"{name} is not a setting; the nearest one is {nearest}.")


def with_overrides(settings: Settings, changes: Mapping[str, str]) -> Settings:
    """Returns the settings with `changes` applied. `changes` has text by field name, parsed and checked like a value
    from the environment.

    Raises SettingsError with one sentence about the first wrong setting.
    """
    if not changes:
        return settings
    try:
        return Settings(_env_file=None, **{**dict(settings), **changes})  # type: ignore[call-arg]
    except ValidationError as wrong:
        raise _first_error(wrong) from None


def _first_error(wrong: ValidationError) -> SettingsError:
    """The first of several validation errors, as one sentence with the setting's name."""
    first = wrong.errors()[0]
    name = ".".join(str(part) for part in first["loc"]).upper()
    problem = first["msg"].removeprefix("Value error, ")
    return SettingsError(f"{name + ': ' if name else ''}{problem}.")


def secret_names(settings: type[Settings]) -> list[str]:
    """The fields that hold a secret: `repr=False` or a SecretStr. Each has a second field for a file."""
    fields = settings.model_fields
    return [name for name, field in fields.items() if not field.repr or SecretStr in get_args(field.annotation)]


def _secret_in(path: Path, name: str) -> str:
    """Returns the secret in a file, without white space around it. Raises ValueError with a sentence."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SECRET_FILE_BYTES + 1).decode().strip()
    except (OSError, UnicodeDecodeError, ValueError) as wrong:
        raise ValueError(f"{name}_FILE cannot be read: {type(wrong).__name__}") from None
    if len(text) > MAX_SECRET_FILE_BYTES:
        raise ValueError(f"{name}_FILE has more than {MAX_SECRET_FILE_BYTES} bytes")
    if not text:
        raise ValueError(f"{name}_FILE is empty. Write the value of {name} into it")
    return text


def checked_secret_keys(settings: Settings) -> SecretKeys | None:
    """SECRET_KEY and then SECRET_KEY_FALLBACKS as bytes; None when SECRET_KEY is absent and the embedded server in
    development can create one.

    Raises SettingsError when SECRET_KEY is required and missing, a key is shorter than MIN_SECRET_BYTES, or there are
    too many.
    """
    fallbacks = fallback_keys(settings)
    if settings.secret_key is not None:
        return _long_enough("SECRET_KEY", settings.secret_key.get_secret_value()), *fallbacks
    if settings.embedded and not settings.production:
        return None
    raise SettingsError(
        f"SECRET_KEY is missing: set it to at least {MIN_SECRET_BYTES} random bytes, "
        "for example the output of `openssl rand -hex 32`."
    )


def fallback_keys(settings: Settings) -> SecretKeys:
    """SECRET_KEY_FALLBACKS as bytes; may be empty. Raises SettingsError as `checked_secret_keys` does."""
    text = "" if settings.secret_key_fallbacks is None else settings.secret_key_fallbacks.get_secret_value()
    keys = [_long_enough("SECRET_KEY_FALLBACKS", key) for key in SEPARATORS.split(text) if key]
    if len(keys) > MAX_FALLBACKS:
        raise SettingsError(f"SECRET_KEY_FALLBACKS has {len(keys)} keys. At most {MAX_FALLBACKS} are accepted.")
    return tuple(keys)


def _long_enough(name: str, text: str) -> bytes:
    key = text.encode()
    if len(key) < MIN_SECRET_BYTES:
        raise SettingsError(
            f"{name} is too short ({len(key)} bytes): set it to at least {MIN_SECRET_BYTES} random bytes, "
            "for example the output of `openssl rand -hex 32`."
        )
    return key
