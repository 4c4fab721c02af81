"""bcrypt hashes imported from Supabase. The first successful sign-in replaces such a hash with an argon2id hash.

The time of an answer must not reveal whether a user has such a hash. So every refused sign-in takes as long as the
most expensive bcrypt hash in the database, while the database has one: 2^cost rounds. `spend_time` computes the
missing rounds.

Decision 14 gives the reasons.
"""

import re

import bcrypt

SHAPE = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)

MAX_BYTES = 72
"""bcrypt reads only these bytes of a password. GoTrue accepts longer passwords and ignores the rest, so users have
them."""

MIN_COST, MAX_COST = 4, 12
"""GoTrue's cost is 10, about 50 ms; cost 12 takes four times as long. A higher cost would let strangers keep the
hashing threads busy."""

_SALT = "abcdefghijklmnopqrstuu"


def cost_of(stored: str) -> int | None:
    """Returns the cost of a bcrypt hash (the binary logarithm of its rounds), or None for any other text or cost."""
    shape = SHAPE.fullmatch(stored)
    if shape is None:
        return None
    cost = int(shape[1])
    return cost if MIN_COST <= cost <= MAX_COST else None


def matches(stored: str, password: bytes) -> bool:
    """Whether the first 72 bytes of the password match the hash."""
    return bcrypt.checkpw(password[:MAX_BYTES], stored.encode("ascii"))


def spend_time(highest: int, paid: int | None = None) -> None:
    """Takes as long as one hash of the cost `highest`, minus a hash of the cost `paid` that was already computed."""
    if paid is None:
        if highest:
            _hash(highest)
        return
    for cost in range(paid, highest):  # 2^p + 2^p + 2^(p+1) + … + 2^(d-1) = 2^d
        _hash(cost)


def _hash(cost: int) -> None:
    bcrypt.hashpw(b"nobody's password", f"$2b${cost:02}${_SALT}".encode("ascii"))
