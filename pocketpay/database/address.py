"""What DATABASE_URL says: its hosts and its parameters.

    postgresql://user:password@db1:5432,db2:5432/name      between @ and /
    postgresql:///name?host=db1,db2&port=5432              or as parameters, one port for each host or one for all

The driver tries the hosts of one URL one after another; `connecting.py` asks all of them at once.

    a parameter of the driver (sslmode, sslrootcert, passfile …)   goes to the driver
    a setting of PostgreSQL (search_path, options …)               goes to PostgreSQL, which names unknown ones
    a parameter of other clients, in IGNORED                       is dropped
    one that asks for something unsupported                        is refused: `check`
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, unquote, unquote_plus, urlsplit, urlunsplit

BRACKETED = re.compile(r"\[([^\]]+)\](?::(\d+))?")


IGNORED = frozenset(
    {
        # This server has its own values for these.
        "application_name", "fallback_application_name", "client_encoding", "connect_timeout", "connection_limit",
        "pool_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout", "load_balance_hosts", "target_session_attrs", "statement_cache_size",
        "prepared_statement_cache_size",
        # The driver does not support what these allow or prefer.
        "channel_binding", "gssencmode", "sslcompression", "sslsni", "uselibpqcompat",
        # Prisma's: the pooler between the server and PostgreSQL, and the schema, which is always this one.
        "pgbouncer", "schema",
    }
)  # fmt: skip
"""Parameters that providers and other clients put into URLs."""

REFUSED = {
    "channel_binding": ({"require"}, "the driver does not support channel binding; use sslmode=verify-full instead"),
    "gssencmode": (
        {"require"},
        "the driver does not support encryption with GSSAPI; use sslmode=verify-full instead",
    ),
    "target_session_attrs": (
        {"read-only", "standby", "prefer-standby"},
        "this server needs a host that accepts writes, and finds it without this parameter: leave it out",
    ),
}
"""Values that this server does not support, and why."""


@dataclass(frozen=True, slots=True)
class Host:
    """A name, an IP address, or the folder of a Unix socket. Without a port the driver's default applies."""

    name: str
    port: int | None = None

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port is None else f"{name}:{self.port}"


def plain(dsn: str) -> str:
    """Returns the DSN in PostgreSQL's own form, without SQLAlchemy's driver in the scheme."""
    parts = urlsplit(dsn)
    if parts.scheme.startswith("postgres") and parts.scheme != "postgresql":
        return urlunsplit(parts._replace(scheme="postgresql"))
    return dsn


def for_driver(dsn: str) -> str:
    """Returns the DSN in PostgreSQL's own form, without the parameters that are IGNORED."""
    parts = urlsplit(plain(dsn))
    kept = [pair for pair in parts.query.split("&") if unquote_plus(pair.partition("=")[0]) not in IGNORED]
    return urlunsplit(parts._replace(query="&".join(kept))) if parts.query else plain(dsn)


def check(dsn: str) -> None:
    """Raises ValueError, with words that repeat no part that can be secret, unless the URL can be used."""
    try:
        parts = urlsplit(plain(dsn))
        hosts_of(dsn)
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        raise ValueError(FORM) from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(FORM)
    for name, (values, reason) in REFUSED.items():
        if parameters.get(name) in values:
            raise ValueError(f"{name}={parameters[name]} is not possible: {reason}")
    if parameters.get("schema", "public") != "public":
        raise ValueError("schema must be public or absent: the tables are in the schema public")


FORM = "it is not valid; its form is postgresql://user:password@host:port,host:port/name"


def hosts_of(dsn: str) -> tuple[Host, ...]:
    """Returns the hosts of the URL in its order. Empty when it names none; then the driver chooses.

    Raises ValueError when a host is empty or its port is not a number.
    """
    parts = urlsplit(dsn)
    _, at, after = parts.netloc.partition("@")
    listed = after if at else parts.netloc
    if listed:
        return tuple(_host(text, None) for text in listed.split(","))
    parameters = parse_qs(parts.query)
    hosts = parameters.get("host", [""])[-1]
    if not hosts:
        return ()
    names = hosts.split(",")
    ports = [int(port) for port in parameters["port"][-1].split(",")] if "port" in parameters else [None]
    if len(ports) == 1:
        ports *= len(names)
    return tuple(_host(name, port) for name, port in zip(names, ports, strict=True))


def _host(text: str, port: int | None) -> Host:
    if not text:
        raise ValueError("a host is empty")
    if text.startswith("/"):
        return Host(text, port)
    if text.startswith("["):
        matched = BRACKETED.fullmatch(text)
        if matched is None:
            raise ValueError("an IPv6 address is not valid")
        name, own = matched.groups()
    else:
        name, _, own = text.partition(":")
    return Host(unquote(name), port or (int(own) if own else None))
