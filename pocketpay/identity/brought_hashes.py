"""Hashes of other kinds than ours that people brought and have not signed in with yet, and what comparing one costs.

Whoever is refused pays for all that are left, whatever was or was not kept for the login: bcrypt of the dearest cost,
and one argon2 hash of each kind.

Decisions 14 and 35 give the reasons.
"""

from dataclasses import dataclass

from pocketpay.identity import argon2_hashes, bcrypt_hashes
from pocketpay.identity.argon2_hashes import Argon2Hash


@dataclass(frozen=True, slots=True)
class HashesLeft:
    """What is left among open users: the dearest cost of bcrypt, 0 for none, and the kinds of argon2."""

    dearest_bcrypt: int = 0
    argon2: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BroughtHash:
    """One of them: bcrypt of a cost, or argon2."""

    kept: str
    bcrypt_cost: int | None = None
    argon2: Argon2Hash | None = None

    def matches(self, password: bytes) -> bool:
        if self.argon2 is not None:
            return self.argon2.matches(password)
        return bcrypt_hashes.matches(self.kept, password)


def read(kept: str, *, our_kind: str) -> BroughtHash | None:
    """The hash, when it is one that is compared with; None for one of `our_kind`, and for anything else."""
    cost = bcrypt_hashes.cost_of(kept)
    if cost is not None:
        return BroughtHash(kept, bcrypt_cost=cost)
    argon2 = argon2_hashes.read(kept)
    if argon2 is None or argon2.kind == our_kind or not argon2.is_within_bounds:
        return None
    return BroughtHash(kept, argon2=argon2)


def spend(left: HashesLeft, *, our_kind: str, paid: BroughtHash | None = None) -> None:
    """Takes as long as one comparison with each kind that is left; with `paid` one was made already."""
    bcrypt_hashes.spend(left.dearest_bcrypt, paid=None if paid is None else paid.bcrypt_cost)
    already = our_kind, None if paid is None or paid.argon2 is None else paid.argon2.kind
    for kind in left.argon2:
        if kind not in already:
            argon2_hashes.spend(kind)
