"""argon2 hashes with other parameters than ours, imported from Supabase. The first successful sign-in replaces such a
hash with a hash of our own.

The time of an answer must not reveal whether a user has such a hash. The times of two sets of parameters have no
constant ratio on all machines, so every refused sign-in computes one hash of each kind that is left. A kind is a set
of parameters: `argon2id$v=19$m=65536,t=3,p=4`. The import accepts at most MAX_KINDS kinds.

Decision 35 gives the reasons.
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw

SHAPE = re.compile(
    r"\$(argon2id?)\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})",
    re.ASCII,
)
"""The hashes that Supabase accepts: argon2i and argon2id of version 19, base64 without padding."""

MAX_KINDS = 2
"""A project that changed its parameters once has hashes of two kinds."""

MAX_MEMORY_KIB = 131_072
MAX_WORK = 262_144
"""In KiB times passes. 64 MiB with four passes take 220 ms, 128 MiB with two take 280 ms; bcrypt of cost 12 takes 240
ms."""

MAX_LANES = 8

_TYPES = {"argon2i": Type.I, "argon2id": Type.ID}


@dataclass(frozen=True, slots=True)
class Argon2Hash:
    """An imported argon2 hash, parsed."""

    kind: str
    type: Type
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    hash: bytes

    @property
    def is_within_bounds(self) -> bool:
        """Whether a verification is cheap enough to run for any client."""
        return (
            1 <= self.lanes <= MAX_LANES
            and self.passes >= 1
            and 8 * self.lanes <= self.memory_kib <= MAX_MEMORY_KIB
            and self.memory_kib * self.passes <= MAX_WORK
        )

    def matches(self, password: bytes) -> bool:
        """Whether the password matches. Takes the same time for every password."""
        return hmac.compare_digest(_raw(self, password), self.hash)


def read(stored: str) -> Argon2Hash | None:
    """Parses an argon2 hash, within bounds or not. Returns None for any other text."""
    shape = SHAPE.fullmatch(stored)
    if shape is None:
        return None
    salt, digest = _decoded(shape[5]), _decoded(shape[6])
    if salt is None or digest is None:
        return None
    kind = stored.rsplit("$", 2)[0].removeprefix("$")
    return Argon2Hash(kind, _TYPES[shape[1]], int(shape[2]), int(shape[3]), int(shape[4]), salt, digest)


def spend_time(kind: str) -> None:
    """Takes as long as verifying one hash of this kind."""
    dummy = read(f"${kind}${_DUMMY_SALT}${_DUMMY_HASH}")
    if dummy is not None and dummy.is_within_bounds:
        dummy.matches(b"nobody's password")


def _raw(one: Argon2Hash, password: bytes) -> bytes:
    return hash_secret_raw(
        password,
        one.salt,
        time_cost=one.passes,
        memory_cost=one.memory_kib,
        parallelism=one.lanes,
        hash_len=len(one.hash),
        type=one.type,
    )


def _decoded(written: str) -> bytes | None:
    """Decodes base64 without padding. Returns None when the text is not the canonical encoding of its bytes."""
    try:
        raw = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if base64.b64encode(raw).decode().rstrip("=") == written else None


_DUMMY_SALT = base64.b64encode(bytes(16)).decode().rstrip("=")
_DUMMY_HASH = base64.b64encode(bytes(32)).decode().rstrip("=")
