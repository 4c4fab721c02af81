"""How often one may try. Counted in PostgreSQL by its clock, so that every server counts together.

    rates       of an address: sign-ups an hour, questions whether a username is taken, sign-ins a minute; off where
                they are not set. Codes that set a password, requested and shown. Of a user: questions
                whether an email address or a phone number is taken, codes for an email address, codes for a phone
    budgets     of failures: five are free, then each is followed by a wait of 1 s, 2, 4, … 60 s; a success clears it
        of a login at a known address      its owner has shown their password there in the last 90 days
        of a signed-in user                where a password is asked once more
    lane        of a login, for all other addresses together: strangers take turns (lane.py). Of an email address
                or a phone number, for all who want a code sent to it

Each is counted apart from the others, so nobody uses up what another needs: strangers have the lane and nothing
else, and neither a known address nor somebody signed in waits for it. All is counted before a password is hashed, and
by what was typed (logins.py): neither the refusals nor the counters tell whether there is such a user. Only whoever
tries from an address that a user has used can notice that it is known.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from math import ceil
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database, Session
from pocketpay.identity import networks
from pocketpay.identity.contacts import Contact
from pocketpay.identity.errors import RateLimited
from pocketpay.identity.logins import Login
from pocketpay.identity.one_at_a_time import OneAtATime
from pocketpay.identity.passwords import Asker
from pocketpay.identity.repository import known_addresses, lanes, throttles
from pocketpay.identity.until_known import until_known

FREE_FAILURES = 5
LONGEST_WAIT_SECONDS = 60
FAILURE_MEMORY = timedelta(minutes=15)

KNOWN_ADDRESS_MEMORY = timedelta(days=90)
"""After so long without a sign-in somebody else may have been given the address."""

MOST_KNOWN_ADDRESSES = 50
"""Of one user, the last used: each is a budget of guesses for whoever shares it."""

CONTACT_CHANGES_AN_HOUR = 10
"""Of one user: each tells whether an email address or a phone number is somebody's already."""

VERIFICATIONS_AN_HOUR = 5
"""Of one user: codes for an email address, and as many for a phone number."""

RESET_REQUESTS_AN_HOUR = 60
RESETS_AN_HOUR = 60
"""Of one address: requests for a code that sets a password, and codes that were shown. What keeps strangers from
guessing is that each code takes five tries."""

SWEPT_AT_ONCE = 10_000
MOST_UNITS_OF_SWEEPING = 10
"""In one unit of work, and units for one table in a sweep: what 5,000 addresses can leave behind in a minute, at
twenty sign-ins each."""


class Attempt:
    """One try at a password, counted as failed until it says otherwise. `asker` is in whose queue it is hashed."""

    __slots__ = ("asker", "succeeded")

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.succeeded = False


class Throttle:
    """The counters, as one server reaches them. A rate of None is no limit."""

    def __init__(
        self, database: Database, *, sign_ups_per_hour: int | None = None, sign_ins_per_minute: int | None = None
    ) -> None:
        self._database = database
        self._sign_ups_per_hour = sign_ups_per_hour
        self._sign_ins_per_minute = sign_ins_per_minute
        self._turns = OneAtATime()

    async def sign_up_from(self, address: str) -> None:
        """Counts a sign-up. Raises RateLimited when the address has had its number for this hour."""
        where = networks.address(address)
        await self._count(_bucket("sign-up", where), self._sign_ups_per_hour, timedelta(hours=1))

    async def username_from(self, address: str) -> None:
        """Counts a question whether a username is taken.

        Raises RateLimited when the address has asked as often within the hour as it may sign up. The questions of one
        document are counted one after another: together they hold one connection for writing, not all of them.
        """
        bucket = _bucket("username", networks.address(address))
        async with self._turns.by(bucket):
            await self._count(bucket, self._sign_ups_per_hour, timedelta(hours=1))

    async def sign_in_from(self, address: str) -> None:
        """Counts a sign-in. Raises RateLimited when the address has had its number for this minute."""
        where = networks.address(address)
        await self._count(_bucket("sign-in", where), self._sign_ins_per_minute, timedelta(minutes=1))

    async def contact_change_of(self, user_id: UUID) -> None:
        """Counts a question whether an email address or a phone number is taken, whatever its answer will be.

        Raises RateLimited when the user has asked too often within the hour.
        """
        bucket = _bucket("contact change", str(user_id))
        await self._count(bucket, CONTACT_CHANGES_AN_HOUR, timedelta(hours=1))

    async def verification_of(self, user_id: UUID, contact: Contact) -> None:
        """Counts a code for an email address, or for a phone number. Raises RateLimited when the user has had theirs
        for this hour."""
        kind = "verification" if contact is Contact.EMAIL else "phone verification"
        await self._count(_bucket(kind, str(user_id)), VERIFICATIONS_AN_HOUR, timedelta(hours=1))

    async def reset_request_from(self, address: str) -> None:
        """Counts a request for a code that sets a password. Raises RateLimited when the address asks too often."""
        bucket = _bucket("reset request", networks.address(address))
        await self._count(bucket, RESET_REQUESTS_AN_HOUR, timedelta(hours=1))

    async def reset_from(self, session: Session, address: str) -> int | None:
        """Within a unit of work: counts a code, or a link, that is shown. None, or the seconds to wait."""
        bucket = _bucket("reset", networks.address(address))
        return await throttles.claim_rate(session, bucket, most=RESETS_AN_HOUR, window=timedelta(hours=1))

    @asynccontextmanager
    async def mail_to(self, recipient: str, address: str) -> AsyncIterator[None]:
        """One mail or text message to somebody who may be a stranger to whoever wants it sent.

        Raises as `sign_in` does.

        At most MOST_GUESSES_AN_HOUR an hour, and nobody who asks from elsewhere can use up another one's turn.
        """
        async with self._lane(f"mail {recipient.lower()}", address):
            yield

    @asynccontextmanager
    async def sign_in(self, login: Login, user_id: UUID | None, address: str) -> AsyncIterator[Attempt]:
        """One try at the password of a login. `user_id` is whose login it is, None when it is nobody's.

        Counted when entered; set `succeeded` for it to clear the budget and to make the address a known one.

        Raises RateLimited while it has to wait, ServiceBusy when too many try at once.
        """
        if await self._is_known(user_id, address):
            bucket = _bucket("failures", login.key, networks.address(address))
            tries = self._budget(bucket, Asker.KNOWN)
        else:
            tries = self._lane(login.key, address)
        async with tries as attempt:
            yield attempt
        if attempt.succeeded and user_id is not None:
            await self._remember(user_id, address)

    @asynccontextmanager
    async def signed_in(self, user_id: UUID, address: str) -> AsyncIterator[Attempt]:
        """The same for somebody signed in, whose password is asked once more. Raises as `sign_in` does.

        A budget of their own: what strangers do at signing in does not count here, and a stolen session guesses no
        faster than a known address.
        """
        async with self._budget(_bucket("signed in", str(user_id)), Asker.KNOWN) as attempt:
            yield attempt
        if attempt.succeeded:
            await self._remember(user_id, address)

    async def sweep(self) -> int:
        """Deletes counters that have had their time, a bounded number; gives how many."""
        swept = 0
        for table in (throttles, lanes, known_addresses):
            for _ in range(MOST_UNITS_OF_SWEEPING):
                async with self._database.write() as session:
                    deleted = await table.sweep(session, most=SWEPT_AT_ONCE)
                swept += deleted
                if deleted < SWEPT_AT_ONCE:
                    break
        return swept

    @asynccontextmanager
    async def _budget(self, bucket: str, asker: Asker) -> AsyncIterator[Attempt]:
        """One try of a budget. Tries of one budget take turns, so that many at once find out about one another."""
        async with self._turns.by(bucket):
            await self._claim(bucket)
            attempt = Attempt(asker)
            try:
                yield attempt
            except ServiceBusy:
                await self._write(lambda session: throttles.give_back(session, bucket))
                raise
            if attempt.succeeded:
                await self._write(lambda session: throttles.forget(session, bucket))

    @asynccontextmanager
    async def _lane(self, name: str, address: str) -> AsyncIterator[Attempt]:
        """One try of a stranger. One address makes one try at a time: it has one place in every queue."""
        place, guess_id = _place(name, address), uuids.uuid7()
        async with self._turns.by(f"stranger {networks.address(address)}"):
            _refuse(await self._wait_in_lane(place, guess_id))
            attempt = Attempt(Asker.STRANGER)
            try:
                yield attempt
            except ServiceBusy:
                await self._write(lambda session: lanes.give_back(session, place, guess_id))
                raise

    async def _wait_in_lane(self, place: lanes.Place, guess_id: UUID) -> int | None:
        """None when the guess may be made, else how many seconds to wait."""

        async def unit() -> timedelta | None:
            async with self._database.write() as session:
                return await lanes.ask(session, place, guess_id)

        wait = await self._database.query(lanes.waits, place)
        if wait is None:
            # One at a time, so that strangers hold one of the few connections for writing, and never all of them.
            async with self._turns.by("strangers"):
                wait = await until_known(unit)
        return None if wait is None else max(1, ceil(wait.total_seconds()))

    async def _is_known(self, user_id: UUID | None, address: str) -> bool:
        """The same read whether it is somebody or nobody."""
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

    async def _count(self, bucket: str, most: int | None, window: timedelta) -> None:
        if most is None:
            return

        async def unit() -> int | None:
            async with self._database.write() as session:
                return await throttles.claim_rate(session, bucket, most=most, window=window)

        _refuse(await until_known(unit))

    async def _write(self, change: Callable[[Session], Awaitable[None]]) -> None:
        async def unit() -> None:
            async with self._database.write() as session:
                await change(session)

        await until_known(unit)


async def remember_address(session: Session, user_id: UUID, address: str) -> None:
    """Within a unit of work: the user has shown their password at that address, or chosen it there."""
    await known_addresses.remember(
        session, user_id, fingerprint(user_id, address), memory=KNOWN_ADDRESS_MEMORY, most=MOST_KNOWN_ADDRESSES
    )


def fingerprint(user_id: UUID | None, address: str) -> bytes:
    """What is kept of a user's address."""
    return _sha256("known", str(user_id), networks.address(address))


def _place(name: str, address: str) -> lanes.Place:
    return lanes.Place(
        lane=_sha256("lane", name),
        provider=_sha256("provider", name, networks.provider(address)),
        network=_sha256("network", name, networks.network(address)),
        address=_sha256("address", name, networks.address(address)),
    )


def _bucket(kind: str, *parts: str) -> str:
    """A bucket's name: short whatever was typed, and without anybody's address or login in it."""
    return f"{kind}:{_sha256(*parts).hex()[:32]}"


def _sha256(*parts: str) -> bytes:
    return hashlib.sha256(chr(0).join(parts).encode("utf-8", "surrogatepass")).digest()


def _refuse(retry_after_seconds: int | None) -> None:
    if retry_after_seconds is not None:
        raise RateLimited(retry_after_seconds)
