"""Hashes that people bring from Supabase: bcrypt, compared once and then kept as argon2id.

What an answer takes must not tell whether somebody has such a hash, so whoever is refused pays for one, as long as
any are left: 2^cost rounds are the price, and `spend` pays the difference to the dearest one kept.

Decision 14 gives the reasons.
"""

import re

import bcrypt

SHAPE = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)

MOST_BYTES = 72
"""What bcrypt reads of a password. GoTrue compares without a word about the rest, so people have longer ones."""

LEAST_COST, MOST_COST = 4, 12
"""GoTrue's is 10, some 50 ms; 12 is four times that. What is dearer would let a stranger buy our threads' time."""

_SALT = "abcdefghijklmnopqrstuu"


def cost_of(kept: str) -> int | None:
    """The logarithm of a bcrypt hash's rounds; None when it is no hash that we compare with."""
    shape = SHAPE.fullmatch(kept)
    if shape is None:
        return None
    cost = int(shape[1])
    return cost if LEAST_COST <= cost <= MOST_COST else None


def matches(kept: str, password: bytes) -> bool:
    """Whether the first 72 bytes of the password are the ones."""
    return bcrypt.checkpw(password[:MOST_BYTES], kept.encode("ascii"))


def spend(dearest: int, paid: int | None = None) -> None:
    """Takes as long as one comparison of the cost `dearest`; of that, one of the cost `paid` was made already."""
    if paid is None:
        if dearest:
            _hash(dearest)
        return
    for cost in range(paid, dearest):  # 2^p + 2^p + 2^(p+1) + … + 2^(d-1) = 2^d
        _hash(cost)


def _hash(cost: int) -> None:
    bcrypt.hashpw(b"nobody's password", f"$2b${cost:02}${_SALT}".encode("ascii"))
