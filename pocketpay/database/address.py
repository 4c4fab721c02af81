"""The hosts that DATABASE_URL names.

    postgresql://user:password@db1:5432,db2:5432/name      between @ and /
    postgresql:///name?host=db1,db2&port=5432              or as parameters, one port for each host or one for all

The driver tries the hosts of one URL one after another; `connecting.py` asks all of them at once.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

BRACKETED = re.compile(r"\[([^\]]+)\](?::(\d+))?")


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
