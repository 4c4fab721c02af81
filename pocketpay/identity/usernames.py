"""Usernames: one spelling for each, given once and never again.

What a person types is brought to its canonical form by NFKC and casefold, so that "Ａlice", "ALICE" and "alice" are
one name, and nobody can be impersonated by a look-alike: what is not plain ASCII after that is no username.
"""

import re

from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.impersonation import PROBLEM, speaks_for_service
from pocketpay.text.characters import nfkc
from pocketpay.text.pasted import trimmed

SHAPE = re.compile(r"[a-z0-9_]{3,30}", re.ASCII)

LEFT = "closed_"
"""How the names begin that those are given who have left; nobody chooses one."""

LONGEST_TYPED = 60
"""Characters looked at: NFKC turns one of them into up to eighteen, and the longest name has thirty."""

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
"""Names of the service, and names that mean something to software; underscores do not make them others. What is read
like a name of the service is refused by a rule, see `impersonation.py`."""


def canonical(typed: str) -> str | None:
    """The username meant where a person is named, with or without a leading "@"; None when it can be nobody's.

    White space and invisible marks around it, which a pasted name may bring, are not part of it.
    """
    return _spelled(trimmed(trimmed(typed).removeprefix("@").removeprefix("＠")))


def chosen(typed: str) -> str:
    """The username someone gives themself at sign-up.

    Raises InvalidProfile for a malformed one, a reserved one, and one that others could take for the service's own.
    """
    username = _spelled(trimmed(typed))
    if username is None:
        raise InvalidProfile("username", "must have 3 to 30 characters: letters a to z, digits and underscores")
    if username.replace("_", "") in RESERVED or username.startswith(LEFT):
        raise InvalidProfile("username", "is reserved")
    if speaks_for_service(username):
        raise InvalidProfile("username", PROBLEM)
    return username


def folded(typed: str) -> str:
    """The text as usernames are spelled, well formed or not: to look for what begins with it."""
    return nfkc(nfkc(typed).casefold())


def _spelled(typed: str) -> str | None:
    if len(typed) > LONGEST_TYPED:
        return None
    name = folded(typed)
    return name if SHAPE.fullmatch(name) else None
