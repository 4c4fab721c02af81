"""Rate limits for identity. They are counted in PostgreSQL, by its clock, so all servers share them.

    rates       for an address: sign-ups an hour, checks whether a username is taken, sign-ins a minute (each off
                unless set), requests for password reset codes, submitted reset codes.
                for a user: checks whether an email address or a phone number is taken, codes for an email address,
                codes for a phone
    budgets     of failures: five are free, then a wait follows each: 1 s, 2, 4, … 60 s; a success clears the budget
        for a login at a known address     an address where its owner has given their password in the last 90 days
        for a signed-in user               when the user must give the password again
    lane        for a login at all other addresses together: strangers take turns (lane.py)
                for an email address or a phone number: all users who want a code sent to it take turns

Each limit is counted separately, so nobody can use up the limit of another: strangers have only the lane, and neither
a known address nor a signed-in user waits for it. An attempt is counted before the password is hashed, and by the
typed login (logins.py), so neither refusals nor counters reveal whether the user exists. Only a client at an address
that a user has used before can notice that the address is known.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from math import ceil
from uuid import UUID

from pocketpay.database import uuids
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database, Session
from pocketpay.database.sweeping import Sweeper, take_turn
from pocketpay.identity import networks
from pocketpay.identity.contacts import Contact
from pocketpay.identity.errors import RateLimited
from pocketpay.identity.logins import Login
from pocketpay.identity.one_at_a_time import OneAtATime
from pocketpay.identity.passwords import Requester
from pocketpay.identity.repository import known_addresses, lanes, throttles
from pocketpay.identity.until_known import until_known

FREE_FAILURES = 5
LONGEST_WAIT_SECONDS = 60
FAILURE_MEMORY = timedelta(minutes=15)

KNOWN_ADDRESS_MEMORY = timedelta(days=90)
"""An address without a sign-in for this long may belong to somebody else by now."""

MAX_KNOWN_ADDRESSES = 50
"""For one user; the most recently used ones are kept. Each known address is one more budget of guesses for the people
who share it."""

CONTACT_CHANGES_AN_HOUR = 10
"""For one user. Each change reveals whether an email address or a phone number is taken."""

VERIFICATIONS_AN_HOUR = 5
"""For one user: codes for an email address, and as many for a phone number."""

RESET_REQUESTS_AN_HOUR = 60
RESETS_AN_HOUR = 60
"""For one address: requests for a password reset code, and submitted codes. Guessing is prevented by another limit:
each code accepts five tries."""

SWEPT_AT_ONCE = 10_000
MAX_SWEEPS = 10
"""Rows deleted in one unit of work, and units for one table in one sweep. Together they cover the rows that 5,000
addresses can create in a minute, with twenty sign-ins each."""


class Attempt:
    """One attempt with a password. It counts as failed until `succeeded` is set. `requester` chooses the hashing
    queue."""

    __slots__ = ("requester", "succeeded")

    def __init__(self, requester: Requester) -> None:
        self.requester = requester
        self.succeeded = False


class Throttle:
    """Counts and limits attempts on behalf of one server. A rate of None means no limit."""

    def __init__(
        self, database: Database, *, sign_ups_per_hour: int | None = None, sign_ins_per_minute: int | None = None
    ) -> None:
        self._database = database
        self._sign_ups_per_hour = sign_ups_per_hour
        self._sign_ins_per_minute = sign_ins_per_minute
        self._turns = OneAtATime()

    async def sign_up_from(self, address: str) -> None:
        """Counts a sign-up. Raises RateLimited when the address has used up its sign-ups for this hour."""
        where = networks.address(address)
        await self._count(_bucket("sign-up", where), self._sign_ups_per_hour, timedelta(hours=1))

    async def username_from(self, address: str) -> None:
        """Counts a check whether a username is taken.

        Raises RateLimited when the address has made as many checks this hour as it may make sign-ups. The checks of
        one GraphQL document are counted one after another, so they hold one write connection and not all of them.
        """
        bucket = _bucket("username", networks.address(address))
        async with self._turns.by(bucket):
            await self._count(bucket, self._sign_ups_per_hour, timedelta(hours=1))

    async def sign_in_from(self, address: str) -> None:
        """Counts a sign-in. Raises RateLimited when the address has used up its sign-ins for this minute."""
        where = networks.address(address)
        await self._count(_bucket("sign-in", where), self._sign_ins_per_minute, timedelta(minutes=1))

    async def contact_change_of(self, user_id: UUID) -> None:
        """Counts a check whether an email address or a phone number is taken, whatever the answer is.

        Raises RateLimited when the user has made too many checks this hour.
        """
        bucket = _bucket("contact change", str(user_id))
        await self._count(bucket, CONTACT_CHANGES_AN_HOUR, timedelta(hours=1))

    async def verification_of(self, user_id: UUID, contact: Contact) -> None:
        """Counts a code for the user's email address or phone number. Raises RateLimited when the user has used up
        the codes of this hour."""
        kind = "verification" if contact is Contact.EMAIL else "phone verification"
        await self._count(_bucket(kind, str(user_id)), VERIFICATIONS_AN_HOUR, timedelta(hours=1))

    async def reset_request_from(self, address: str) -> None:
        """Counts a request for a password reset code. Raises RateLimited when the address has used up its requests
        for this hour."""
        bucket = _bucket("reset request", networks.address(address))
        await self._count(bucket, RESET_REQUESTS_AN_HOUR, timedelta(hours=1))

    async def reset_from(self, session: Session, address: str) -> int | None:
        """Counts a submitted code or link, within a unit of work. Returns None, or the seconds to wait."""
        bucket = _bucket("reset", networks.address(address))
        return await throttles.claim_rate(session, bucket, limit=RESETS_AN_HOUR, window=timedelta(hours=1))

    @asynccontextmanager
    async def mail_to(self, recipient: str, address: str) -> AsyncIterator[None]:
        """Counts a mail or text message to an address that the requesting user may not own.

        At most MAX_GUESSES_AN_HOUR messages are sent to one recipient in an hour. A requester at one address cannot
        use up the turn of a requester at another. Raises the errors of `sign_in`.
        """
        async with self._lane(f"mail {recipient.lower()}", address):
            yield

    @asynccontextmanager
    async def sign_in(self, login: Login, user_id: UUID | None, address: str) -> AsyncIterator[Attempt]:
        """Counts one attempt with the password of a login. `user_id` is None for the login of an unknown user.

        The attempt is counted on entry. Set `succeeded` to clear the budget and to make the address a known one.

        Raises RateLimited when the caller must wait, and ServiceBusy when too many try at the same time.
        """
        if await self._is_known(user_id, address):
            bucket = _bucket("failures", login.key, networks.address(address))
            tries = self._budget(bucket, Requester.KNOWN)
        else:
            tries = self._lane(login.key, address)
        async with tries as attempt:
            yield attempt
        if attempt.succeeded and user_id is not None:
            await self._remember(user_id, address)

    @asynccontextmanager
    async def signed_in(self, user_id: UUID, address: str) -> AsyncIterator[Attempt]:
        """Counts one attempt by a signed-in user who must give the password again. Raises the errors of `sign_in`.

        The user has a separate budget: sign-ins by strangers do not count here, and a stolen session can guess no
        faster than a known address.
        """
        async with self._budget(_bucket("signed in", str(user_id)), Requester.KNOWN) as attempt:
            yield attempt
        if attempt.succeeded:
            await self._remember(user_id, address)

    async def sweep(self) -> int:
        """Deletes a bounded number of expired counters and returns how many."""
        swept = 0
        for table in (throttles, lanes, known_addresses):
            for _ in range(MAX_SWEEPS):
                async with self._database.write() as session:
                    if not await take_turn(session, Sweeper.COUNTERS):
                        return swept
                    deleted = await table.sweep(session, limit=SWEPT_AT_ONCE)
                swept += deleted
                if deleted < SWEPT_AT_ONCE:
                    break
        return swept

    @asynccontextmanager
    async def _budget(self, bucket: str, requester: Requester) -> AsyncIterator[Attempt]:
        """Counts one try in a budget. Tries in one budget take turns, so that concurrent tries count each other."""
        async with self._turns.by(bucket):
            await self._claim(bucket)
            attempt = Attempt(requester)
            try:
                yield attempt
            except ServiceBusy:
                await self._write(lambda session: throttles.undo_attempt(session, bucket))
                raise
            if attempt.succeeded:
                await self._write(lambda session: throttles.delete(session, bucket))

    @asynccontextmanager
    async def _lane(self, name: str, address: str) -> AsyncIterator[Attempt]:
        """Counts one try by a stranger. One address makes one try at a time, so it has one place in each queue."""
        place, guess_id = _place(name, address), uuids.uuid7()
        async with self._turns.by(f"stranger {networks.address(address)}"):
            _refuse(await self._wait_in_lane(place, guess_id))
            attempt = Attempt(Requester.STRANGER)
            try:
                yield attempt
            except ServiceBusy:
                await self._write(lambda session: lanes.free_turn(session, place, guess_id))
                raise

    async def _wait_in_lane(self, place: lanes.Place, guess_id: UUID) -> int | None:
        """Returns None when the guess may be made now, else the seconds to wait."""

        async def unit() -> timedelta | None:
            async with self._database.write() as session:
                return await lanes.ask(session, place, guess_id)

        wait = await self._database.query(lanes.waits, place)
        if wait is None:
            # One at a time, so that strangers hold one of the few write connections and never all of them.
            async with self._turns.by("strangers"):
                wait = await until_known(unit)
        return None if wait is None else max(1, ceil(wait.total_seconds()))

    async def _is_known(self, user_id: UUID | None, address: str) -> bool:
        """Whether the address is a known one of the user. The read is the same for an unknown user (None)."""
        where = networks.address(address)
        before = _bucket("known", f"user {user_id}", where)
        return await self._database.query(known_addresses.is_known, user_id, fingerprint(user_id, address), before)

    async def _remember(self, user_id: UUID, address: str) -> None:
        await self._write(lambda session: remember_address(session, user_id, address))

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

    async def _count(self, bucket: str, limit: int | None, window: timedelta) -> None:
        if limit is None:
            return

        async def unit() -> int | None:
            async with self._database.write() as session:
                return await throttles.claim_rate(session, bucket, limit=limit, window=window)

        _refuse(await until_known(unit))

    async def _write(self, change: Callable[[Session], Awaitable[None]]) -> None:
        async def unit() -> None:
            async with self._database.write() as session:
                await change(session)

        await until_known(unit)


async def remember_address(session: Session, user_id: UUID, address: str) -> None:
    """Stores, within a unit of work, that the user has given or set their password at that address."""
    await known_addresses.remember(
        session, user_id, fingerprint(user_id, address), memory=KNOWN_ADDRESS_MEMORY, limit=MAX_KNOWN_ADDRESSES
    )


def fingerprint(user_id: UUID | None, address: str) -> bytes:
    """Returns the SHA-256 under which a user's address is stored."""
    return _sha256("known", str(user_id), networks.address(address))


def _place(name: str, address: str) -> lanes.Place:
    return lanes.Place(
        lane=_sha256("lane", name),
        provider=_sha256("provider", name, networks.provider(address)),
        network=_sha256("network", name, networks.network(address)),
        address=_sha256("address", name, networks.address(address)),
    )


def _bucket(kind: str, *parts: str) -> str:
    """Returns the name of a bucket: always short, and without a readable address or login."""
    return f"{kind}:{_sha256(*parts).hex()[:32]}"


def _sha256(*parts: str) -> bytes:
    return hashlib.sha256(chr(0).join(parts).encode("utf-8", "surrogatepass")).digest()


def _refuse(retry_after_seconds: int | None) -> None:
    if retry_after_seconds is not None:
        raise RateLimited(retry_after_seconds)
