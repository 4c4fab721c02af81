"""Imported password hashes of other kinds than ours, which their users have not signed in with yet.

Every refused sign-in takes as long as verifying one hash of each kind that is left in the database, whatever is
stored for the login: bcrypt with the highest cost, and each kind of argon2.

Decisions 14 and 35 give the reasons.
"""

from dataclasses import dataclass

from pocketpay.identity import argon2_hashes, bcrypt_hashes
from pocketpay.identity.argon2_hashes import Argon2Hash


@dataclass(frozen=True, slots=True)
class HashesLeft:
    """The kinds of imported hashes left among open users: the highest bcrypt cost (0 for none) and argon2's kinds."""

    highest_bcrypt_cost: int = 0
    argon2: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedHash:
    """An imported hash: bcrypt with its cost, or argon2."""

    stored: str
    bcrypt_cost: int | None = None
    argon2: Argon2Hash | None = None

    def matches(self, password: bytes) -> bool:
        if self.argon2 is not None:
            return self.argon2.matches(password)
        return bcrypt_hashes.matches(self.stored, password)


def read(stored: str, *, our_kind: str) -> ImportedHash | None:
    """Parses an imported hash that passwords can be verified against.

    Returns None for a hash of `our_kind` and for any other text.
    """
    cost = bcrypt_hashes.cost_of(stored)
    if cost is not None:
        return ImportedHash(stored, bcrypt_cost=cost)
    argon2 = argon2_hashes.read(stored)
    if argon2 is None or argon2.kind == our_kind or not argon2.is_within_bounds:
        return None
    return ImportedHash(stored, argon2=argon2)


def spend_time(left: HashesLeft, *, our_kind: str, paid: ImportedHash | None = None) -> None:
    """Takes as long as verifying one hash of each kind in `left`. `paid` is a hash that was already verified."""
    bcrypt_hashes.spend_time(left.highest_bcrypt_cost, paid=None if paid is None else paid.bcrypt_cost)
    already = our_kind, None if paid is None or paid.argon2 is None else paid.argon2.kind
    for kind in left.argon2:
        if kind not in already:
            argon2_hashes.spend_time(kind)
