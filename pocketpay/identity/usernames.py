"""Usernames. Each has one canonical form, and a username is never given to a second user.

NFKC and casefold turn what a person types into the canonical form, so "Ａlice", "ALICE" and "alice" are the same
username. A text that is not plain ASCII after that is not a username, so nobody can be impersonated with look-alike
letters.
"""

import re

from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.impersonation import PROBLEM, resembles_service
from pocketpay.text.characters import nfkc
from pocketpay.text.pasted import trimmed

SHAPE = re.compile(r"[a-z0-9_]{3,30}", re.ASCII)

CLOSED_PREFIX = "closed_"
"""The prefix of the usernames of closed users. Nobody can choose a username with this prefix."""

LONGEST_TYPED = 60
"""In characters; a longer text is not a username. NFKC can turn one character into eighteen, and the longest username
has thirty."""

# fmt: off
RESERVED = frozenset((
    "account", "accounts", "admin", "administrator", "anonymous", "api", "audit", "bank", "billing", "card",
    "cardnetwork", "cards", "compliance", "demo", "deposit", "everyone", "explorer", "fees", "fraud", "graphql",
    "help", "helpdesk", "house", "info", "ledger", "me", "mod", "moderator", "nobody", "null", "official",
    "operator", "operators", "owner", "payment", "payments", "payout", "pocketpay", "postmaster", "promotions",
    "refund", "root", "security", "server", "service", "staff", "statement", "support", "system", "team",
    "test", "transfer", "treasury", "undefined", "user", "users", "verified", "wallet", "wallets", "webmaster",
    "welcome", "withdraw", "withdrawal", "you",
))
# fmt: on
"""Names of the service, and names with a meaning in software; underscores in them are ignored. `impersonation.py`
refuses names that look like names of the service."""


def canonical(typed: str) -> str | None:
    """Returns the canonical form of a username that refers to a user, or None when the text cannot be a username.

    A leading "@" is ignored. White space and invisible characters around the text, as in a pasted one, are ignored
    too.
    """
    return _canonical(trimmed(trimmed(typed).removeprefix("@").removeprefix("＠")))


def chosen(typed: str) -> str:
    """Returns the canonical form of a username that a new user chooses.

    Raises InvalidProfile for a malformed or reserved username, and for one that looks like a name of the service.
    """
    username = _canonical(trimmed(typed))
    if username is None:
        raise InvalidProfile("username", "must have 3 to 30 characters: letters a to z, digits and underscores")
    if username.replace("_", "") in RESERVED or username.startswith(CLOSED_PREFIX):
        raise InvalidProfile("username", "is reserved")
    if resembles_service(username):
        raise InvalidProfile("username", PROBLEM)
    return username


def folded(typed: str) -> str:
    """Returns the text in the form of usernames, well formed or not, to search for usernames that begin with it."""
    return nfkc(nfkc(typed).casefold())


def _canonical(typed: str) -> str | None:
    if len(typed) > LONGEST_TYPED:
        return None
    name = folded(typed)
    return name if SHAPE.fullmatch(name) else None
