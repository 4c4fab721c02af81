"""Passwords: judged, hashed with argon2id, and compared, beside the event loop and never too many at once.

A hash takes about 24 ms of a core and 19 MiB. So hashing has threads of its own, a short queue before each, and a
limit of time to wait for a place in it: a flood of sign-ins costs the people who move money nothing.

Each kind of asker has one thread and one queue (`Asker`). Whatever strangers ask for, they keep one thread busy; a
known customer's password is checked by another.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from pocketpay.database.failures import ServiceBusy
from pocketpay.identity import brought_hashes
from pocketpay.identity.brought_hashes import HashesLeft
from pocketpay.identity.errors import Weakness, WeakPassword
from pocketpay.identity.guessing import guessable

SHORTEST, LONGEST = 12, 256
"""Characters. The longest is refused before it is hashed: hashing a megabyte is work that a stranger gives us."""

QUEUE = 16
"""Hashes of one kind of asker that wait for its thread: 0.4 s for the last of them."""

PATIENCE_SECONDS = 1.0
"""How long one waits for a place in the queue before SERVICE_BUSY."""

_ARGON2 = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
"""OWASP's minimum (Password Storage Cheat Sheet). The library's own parameters cost seven times as much."""

NO_PASSWORD = "none"  # noqa: S105 - that is the point
"""Kept for people who never had a password (they came with another's sign-in): no password is that one."""

NONE_LEFT = HashesLeft()

T = TypeVar("T")


def our_kind() -> str:
    """The parameters of our own hashes, as they stand at the beginning of each."""
    return f"argon2id$v=19$m={_ARGON2.memory_cost},t={_ARGON2.time_cost},p={_ARGON2.parallelism}"


def weakness(password: str, about: Iterable[str] = ()) -> Weakness | None:
    """What is wrong with a new password, or None. No rule of composition; every character counts, as typed.

    `about` are the words a guesser knows of the person: username, name, email address.
    """
    if len(password) < SHORTEST:
        return Weakness.TOO_SHORT
    if len(password) > LONGEST:
        return Weakness.TOO_LONG
    if any("\ud800" <= char <= "\udfff" for char in password):
        return Weakness.UNREADABLE
    return Weakness.GUESSABLE if guessable(password, about) else None


def require_strong(password: str, about: Iterable[str] = (), *, field: str = "password") -> None:
    """Raises WeakPassword for a new password that `weakness` finds wanting."""
    found = weakness(password, about)
    if found is not None:
        raise WeakPassword(found, field)


class Asker(StrEnum):
    """For whom a password is hashed; each kind has a thread and a queue of its own."""

    KNOWN = "known"
    """Somebody signed in, or at an address from which this user has signed in before."""

    STRANGER = "stranger"
    """Whoever signs in from another address."""

    NEWCOMER = "newcomer"
    """Whoever signs up."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is the one, and the hash to keep from now on when the old one's parameters are outdated."""

    matches: bool
    rehashed: str | None = None


class Passwords:
    """This server's threads for hashing. Raises ServiceBusy when too many wait; `close()` when the server ends."""

    def __init__(self, *, queue: int = QUEUE, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._lines = {asker: _Line(asker, queue, patience_seconds) for asker in Asker}
        # The hash of a password that nobody knows: what an unknown user's is compared with.
        self._nobodys = self._lines[Asker.STRANGER].submit(lambda: _ARGON2.hash(secrets.token_bytes(32)))

    async def hash(self, password: str, *, asker: Asker = Asker.KNOWN) -> str:
        """The text to keep: algorithm, parameters, salt and hash."""
        return await self._lines[asker].run(lambda: _ARGON2.hash(_bytes(password)))

    async def verify(
        self, kept: str | None, password: str, *, left: HashesLeft = NONE_LEFT, asker: Asker = Asker.KNOWN
    ) -> Verdict:
        """Compares with what was kept: one of our own hashes, or one that somebody brought.

        For a user that is not there (None) it never matches. Whoever is refused pays the same, whatever was kept:
        one hash of ours, and one of each kind that people brought, as long as any of it is left.
        """
        return await self._lines[asker].run(lambda: self._compared(kept, password, left))

    def close(self) -> None:
        for line in self._lines.values():
            line.close()

    def _compared(self, kept: str | None, password: str, left: HashesLeft) -> Verdict:
        """In a thread: the comparison with whatever was kept."""
        fits = len(password) <= LONGEST
        password = password[: LONGEST + 1]  # a longer one is wrong, at the price of any other
        brought = None if kept is None else brought_hashes.read(kept, our_kind=our_kind())
        if brought is not None:
            if fits and brought.matches(_bytes(password)):
                return Verdict(matches=True, rehashed=_ARGON2.hash(_bytes(password)))
            _verdict(self._nobodys.result(), password)
            brought_hashes.spend(left, our_kind=our_kind(), paid=brought if fits else None)
            return Verdict(matches=False)
        ours = kept is not None and kept.startswith(f"${our_kind()}$")
        verdict = _verdict(kept if ours and kept is not None else self._nobodys.result(), password)
        if fits and ours and verdict.matches:
            return verdict
        brought_hashes.spend(left, our_kind=our_kind())
        return Verdict(matches=False)


class _Line:
    """One thread, and those who wait for it in order, at most `queue` of them."""

    def __init__(self, asker: Asker, queue: int, patience_seconds: float) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"password of {asker}")
        self._places = asyncio.Semaphore(1 + queue)
        self._patience_seconds = patience_seconds

    def submit(self, work: Callable[[], T]) -> Future[T]:
        return self._thread.submit(work)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives, in the thread. Raises ServiceBusy when no place in the queue comes free in time."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise ServiceBusy("too many passwords are being checked") from None
        try:
            pending = self.submit(work)
        except BaseException:
            self._places.release()
            raise
        loop = asyncio.get_running_loop()

        def release(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the event loop is closed: nobody waits for a place any more
                loop.call_soon_threadsafe(self._places.release)

        # Whoever goes away leaves the place only when the thread is done: the bound is on work, not on waiting.
        pending.add_done_callback(release)
        return await asyncio.wrap_future(pending)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def _verdict(kept: str, password: str) -> Verdict:
    """In a thread: the comparison, and a new hash when the kept one's parameters are not today's."""
    try:
        _ARGON2.verify(kept, _bytes(password))
    except (VerificationError, InvalidHashError):
        return Verdict(matches=False)
    return Verdict(
        matches=True, rehashed=_ARGON2.hash(_bytes(password)) if _ARGON2.check_needs_rehash(kept) else None
    )


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
