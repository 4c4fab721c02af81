"""How often one may try. Counted in PostgreSQL by its clock, so that every server counts together.

    per address   sign-ups an hour, sign-ins a minute: rates, off where they are not set
    per account   failed sign-ins: five are free, then each is followed by a wait of 1 s, 2, 4, … 60 s; always on

A success clears the account's failures. A wait is at most a minute, and a person at an address from which they have
signed in before is counted apart: whoever guesses from elsewhere cannot keep them out. All is counted before a
password is hashed, and an unknown login is counted like a known one: neither tells whether there is such a user.
"""

import asyncio
import hashlib
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from weakref import WeakValueDictionary

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database, Session
from pocketpay.identity.errors import RateLimited
from pocketpay.identity.repository import throttles
from pocketpay.identity.until_known import until_known

FREE_FAILURES = 5
LONGEST_WAIT_SECONDS = 60
FAILURE_MEMORY = timedelta(minutes=15)
KNOWN_ADDRESS_MEMORY = timedelta(days=30)

TURN_SECONDS = 5.0
"""How long one attempt waits for others at the same account. One takes some 50 ms, so a hundred fit in."""

SWEPT_AT_ONCE = 10_000
"""More than a minute's hashing can leave behind: whoever invents logins does not fill the table."""


class Attempt:
    """One try at an account's password, counted as failed until it says otherwise."""

    __slots__ = ("succeeded",)

    def __init__(self) -> None:
        self.succeeded = False


class Throttle:
    """The counters, as one server reaches them. A rate of None is no limit."""

    def __init__(
        self, database: Database, *, sign_ups_per_hour: int | None = None, sign_ins_per_minute: int | None = None
    ) -> None:
        self._database = database
        self._sign_ups_per_hour = sign_ups_per_hour
        self._sign_ins_per_minute = sign_ins_per_minute
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def sign_up_from(self, address: str) -> None:
        """Counts a sign-up. Raises RateLimited when the address has had its number for this hour."""
        await self._count("sign-up", address, self._sign_ups_per_hour, timedelta(hours=1))

    async def sign_in_from(self, address: str) -> None:
        """Counts a sign-in. Raises RateLimited when the address has had its number for this minute."""
        await self._count("sign-in", address, self._sign_ins_per_minute, timedelta(minutes=1))

    @asynccontextmanager
    async def attempt(self, account: str, address: str) -> AsyncIterator[Attempt]:
        """One try at the password of an account, named by a user's id or by the login nobody has.

        Counted as a failure when entered; set `succeeded` for it to clear the account. Tries at one account take
        turns on this server, so that many at once find out about one another.

        Raises RateLimited while a wait lasts, ServiceBusy when too many try at once.
        """
        known = _bucket("known", account, network(address))
        bucket = _bucket("failures", account, network(address) if await self._knows(known) else "")
        async with self._turn(bucket):
            await self._claim(bucket)
            attempt = Attempt()
            try:
                yield attempt
            except ServiceBusy:
                await self._write(lambda session: throttles.give_back(session, bucket))
                raise
            if attempt.succeeded:
                await self._write(lambda session: _cleared(session, bucket, known))

    async def sweep(self) -> int:
        """Deletes counters that have had their time, a bounded number; gives how many."""
        async with self._database.write() as session:
            return await throttles.sweep(session, most=SWEPT_AT_ONCE)

    async def _knows(self, known: str) -> bool:
        async with self._database.read() as session:
            return await throttles.is_remembered(session, known)

    @asynccontextmanager
    async def _turn(self, bucket: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(bucket, asyncio.Lock())
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await turn.acquire()
        except TimeoutError:
            raise ServiceBusy("too many try this account") from None
        try:
            yield
        finally:
            turn.release()

    async def _claim(self, bucket: str) -> None:
        async def unit() -> int | None:
            async with self._database.write() as session:
                return await throttles.claim_attempt(
                    session,
                    bucket,
                    free=FREE_FAILURES,
                    longest_wait_seconds=LONGEST_WAIT_SECONDS,
                    memory=FAILURE_MEMORY,
                )

        _refuse(await until_known(unit))

    async def _count(self, kind: str, address: str, most: int | None, window: timedelta) -> None:
        if most is None:
            return
        bucket = _bucket(kind, network(address))

        async def unit() -> int | None:
            async with self._database.write() as session:
                return await throttles.claim_rate(session, bucket, most=most, window=window)

        _refuse(await until_known(unit))

    async def _write(self, change: Callable[[Session], Awaitable[None]]) -> None:
        async def unit() -> None:
            async with self._database.write() as session:
                await change(session)

        await until_known(unit)


def network(address: str) -> str:
    """What counts as one address: an IPv4 address, or the 64 bits of an IPv6 network that one customer is given."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


async def _cleared(session: Session, bucket: str, known: str) -> None:
    await throttles.forget(session, bucket)
    await throttles.remember(session, known, memory=KNOWN_ADDRESS_MEMORY)


def _bucket(kind: str, *parts: str) -> str:
    """A bucket's name: short whatever was typed, and without anybody's address or login in it."""
    return f"{kind}:{hashlib.sha256(chr(0).join(parts).encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _refuse(retry_after_seconds: int | None) -> None:
    if retry_after_seconds is not None:
        raise RateLimited(retry_after_seconds)
