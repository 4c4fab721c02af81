"""Checks the strength of new passwords; hashes passwords with argon2id and verifies them, in separate threads.

A hash takes about 24 ms of a core and 19 MiB. So hashing runs in threads of its own. Each thread has a short queue,
and a caller waits only a limited time for a place in it: a flood of sign-ins does not slow down payments.

Each kind of requester has one thread and one queue (`Requester`). Strangers can keep only one thread busy; the
passwords of known customers are verified in another.
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
from pocketpay.identity import imported_hashes
from pocketpay.identity.errors import Weakness, WeakPassword
from pocketpay.identity.guessing import guessable
from pocketpay.identity.imported_hashes import HashesLeft

SHORTEST, LONGEST = 12, 256
"""In characters. A longer password is refused before it is hashed: otherwise a stranger could make the server hash
megabytes."""

QUEUE = 16
"""How many hashes may wait for one thread. The last of them waits 0.4 s."""

PATIENCE_SECONDS = 1.0
"""How long a caller waits for a place in the queue before SERVICE_BUSY."""

_ARGON2 = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
"""OWASP's minimum (Password Storage Cheat Sheet). The library's own parameters cost seven times as much."""

NO_PASSWORD = "none"  # noqa: S105 - not a password
"""Stored instead of a hash for users without a password, who signed in through another provider. No password matches
it."""

NONE_LEFT = HashesLeft()

T = TypeVar("T")


def our_kind() -> str:
    """Returns the beginning of our own hashes: the algorithm and its parameters."""
    return f"argon2id$v=19$m={_ARGON2.memory_cost},t={_ARGON2.time_cost},p={_ARGON2.parallelism}"


def weakness(password: str, about: Iterable[str] = ()) -> Weakness | None:
    """Returns what is wrong with a new password, or None.

    There is no rule about kinds of characters; every character counts, as typed. `about` are the words that an
    attacker may know about the user: username, name, email address.
    """
    if len(password) < SHORTEST:
        return Weakness.TOO_SHORT
    if len(password) > LONGEST:
        return Weakness.TOO_LONG
    if any("\ud800" <= char <= "\udfff" for char in password):
        return Weakness.UNREADABLE
    return Weakness.GUESSABLE if guessable(password, about) else None


def require_strong(password: str, about: Iterable[str] = (), *, field: str = "password") -> None:
    """Raises WeakPassword when `weakness` finds something wrong with a new password."""
    found = weakness(password, about)
    if found is not None:
        raise WeakPassword(found, field)


class Requester(StrEnum):
    """For whom a password is hashed. Each kind has its own thread and queue."""

    KNOWN = "known"
    """A user who is signed in, or who signs in from an address that this user has used before."""

    STRANGER = "stranger"
    """A client that signs in from any other address."""

    NEWCOMER = "newcomer"
    """A client that signs up."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password matches. `rehashed` is a new hash to store when the stored one has outdated parameters."""

    matches: bool
    rehashed: str | None = None


class Passwords:
    """This server's hashing threads. Methods raise ServiceBusy when too many callers wait.

    Call `close()` when the server stops.
    """

    def __init__(self, *, queue: int = QUEUE, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._threads = {requester: _HashingThread(requester, queue, patience_seconds) for requester in Requester}
        # The hash of a random password. Passwords for unknown users are verified against it.
        self._dummy_hash = self._threads[Requester.STRANGER].submit(lambda: _ARGON2.hash(secrets.token_bytes(32)))

    async def hash(self, password: str, *, requester: Requester = Requester.KNOWN) -> str:
        """Returns the text to store: algorithm, parameters, salt and hash."""
        return await self._threads[requester].run(lambda: _ARGON2.hash(_bytes(password)))

    async def verify(
        self,
        stored: str | None,
        password: str,
        *,
        left: HashesLeft = NONE_LEFT,
        requester: Requester = Requester.KNOWN,
    ) -> Verdict:
        """Verifies a password against the stored hash, which is one of our own or an imported one.

        `stored` is None for an unknown user; then no password matches. Every refusal takes the same time, whatever is
        stored: the time of one hash of our own, and of one hash of each imported kind in `left`.
        """
        return await self._threads[requester].run(lambda: self._verify(stored, password, left))

    def close(self) -> None:
        for thread in self._threads.values():
            thread.close()

    def _verify(self, stored: str | None, password: str, left: HashesLeft) -> Verdict:
        """Verifies a password against any kind of stored hash. Runs in a thread."""
        fits = len(password) <= LONGEST
        password = password[: LONGEST + 1]  # a longer one is wrong, and takes as long as any other
        imported = None if stored is None else imported_hashes.read(stored, our_kind=our_kind())
        if imported is not None:
            if fits and imported.matches(_bytes(password)):
                return Verdict(matches=True, rehashed=_ARGON2.hash(_bytes(password)))
            _verdict(self._dummy_hash.result(), password)
            imported_hashes.spend_time(left, our_kind=our_kind(), paid=imported if fits else None)
            return Verdict(matches=False)
        ours = stored is not None and stored.startswith(f"${our_kind()}$")
        verdict = _verdict(stored if ours and stored is not None else self._dummy_hash.result(), password)
        if fits and ours and verdict.matches:
            return verdict
        imported_hashes.spend_time(left, our_kind=our_kind())
        return Verdict(matches=False)


class _HashingThread:
    """One thread with its queue. At most `queue` callers wait, in order."""

    def __init__(self, requester: Requester, queue: int, patience_seconds: float) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"password of {requester}")
        self._places = asyncio.Semaphore(1 + queue)
        self._patience_seconds = patience_seconds

    def submit(self, work: Callable[[], T]) -> Future[T]:
        return self._thread.submit(work)

    async def run(self, work: Callable[[], T]) -> T:
        """Runs `work` in the thread and returns its result. Raises ServiceBusy when the queue stays full too long."""
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
            with contextlib.suppress(RuntimeError):  # the event loop is closed, so no caller waits
                loop.call_soon_threadsafe(self._places.release)

        # A cancelled caller keeps its place until its work is done: the limit is on work, not on waiting callers.
        pending.add_done_callback(release)
        return await asyncio.wrap_future(pending)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def _verdict(stored: str, password: str) -> Verdict:
    """Verifies a password, and hashes it again when the stored hash has outdated parameters. Runs in a thread."""
    try:
        _ARGON2.verify(stored, _bytes(password))
    except (VerificationError, InvalidHashError):
        return Verdict(matches=False)
    return Verdict(
        matches=True, rehashed=_ARGON2.hash(_bytes(password)) if _ARGON2.check_needs_rehash(stored) else None
    )


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
