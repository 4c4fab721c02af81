"""The services of identity: the objects that its functions need. Each server makes them once."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from pocketpay.database.sessions import Database, Session
from pocketpay.database.sweeping import Sweeper, take_turn
from pocketpay.identity.afterwards import Afterwards
from pocketpay.identity.fingerprints import EmailFingerprints
from pocketpay.identity.gate import Gate
from pocketpay.identity.mails import IdentityMails
from pocketpay.identity.one_time_codes import OneTimeCodes
from pocketpay.identity.passwords import Passwords
from pocketpay.identity.repository import challenges, sessions
from pocketpay.identity.session import Lifetime
from pocketpay.identity.throttle import Throttle
from pocketpay.identity.tokens import AccessTokens, RefreshTokens, Tokens
from pocketpay.identity.user import User
from pocketpay.identity.viewer import Viewer
from pocketpay.mail.outbox import Outbox
from pocketpay.settings import SecretKeys, Settings

IDLE = timedelta(days=7)
"""A session that is not refreshed for this long ends (ASVS 7.3.1)."""

SIGN_UPS_PER_HOUR = 60
SIGN_INS_PER_MINUTE = 20
"""For one address, in production unless set otherwise."""

ENDED_SESSIONS_KEPT = timedelta(days=30)
"""How long an ended session and its refresh tokens are kept. Until then a stolen token is recognised as used; after
that it is unknown, and refused as well."""

MAX_SESSIONS_SWEPT, MAX_TOKENS_SWEPT = 500, 5_000
"""Deleted in one unit of work. It takes far less than a second."""


LockOut = Callable[[Session, UUID], Awaitable[None]]
"""Raises a Refusal when the owner of this wallet is locked out. Identity does not know the reasons."""


Verified = Callable[[Session, User], Awaitable[None]]
"""Is called in the same unit of work when a user has verified an email address."""


async def nothing_else(session: Session, user: User) -> None:
    """Does nothing; the default for `on_verified_email`."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The result of a sign-in, a sign-up or a refresh: the viewer, the user and the tokens."""

    viewer: Viewer
    user: User
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class IdentityServices:
    """One server's services of identity. `lifetime` is how long sessions last.

    `require_unlocked` raises for a user who is locked out. `on_verified_email` is called for each address that a user
    verifies.
    """

    database: Database
    passwords: Passwords
    throttle: Throttle
    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens
    fingerprints: EmailFingerprints
    lifetime: Lifetime
    gate: Gate
    require_unlocked: LockOut
    on_verified_email: Verified
    codes: OneTimeCodes
    mails: IdentityMails
    outbox: Outbox
    text_outbox: Outbox
    afterwards: Afterwards

    @classmethod
    def open(
        cls,
        database: Database,
        settings: Settings,
        secret_keys: SecretKeys,
        *,
        require_unlocked: LockOut,
        on_verified_email: Verified = nothing_else,
    ) -> Self:
        """Makes a server's services, in the event loop. `secret_keys` are the same on every server."""
        access_tokens = AccessTokens(secret_keys, lifetime_seconds=settings.access_token_expire_minutes * 60)
        whole = timedelta(days=settings.refresh_token_expire_days)
        sign_ups, sign_ins = settings.sign_up_rate_per_hour, settings.sign_in_rate_per_minute
        if settings.production:
            sign_ups, sign_ins = sign_ups or SIGN_UPS_PER_HOUR, sign_ins or SIGN_INS_PER_MINUTE
        codes = OneTimeCodes(secret_keys)
        return cls(
            database=database,
            passwords=Passwords(),
            throttle=Throttle(database, sign_ups_per_hour=sign_ups, sign_ins_per_minute=sign_ins),
            access_tokens=access_tokens,
            refresh_tokens=RefreshTokens(secret_keys),
            fingerprints=EmailFingerprints(secret_keys),
            lifetime=Lifetime(whole, min(whole, IDLE)),
            gate=Gate(database, access_tokens),
            require_unlocked=require_unlocked,
            on_verified_email=on_verified_email,
            codes=codes,
            mails=IdentityMails(codes, settings.app_url),
            outbox=Outbox(is_on=settings.mail_is_on),
            text_outbox=Outbox(is_on=settings.text_messages_are_on),
            afterwards=Afterwards(),
        )

    def admit(self, user: User, viewer: Viewer, refresh_token: str, session_expires_at: datetime) -> Admission:
        """Returns the admission of the user, with a new access token and the given refresh token."""
        access_token, expires_at = self.access_tokens.issue(
            viewer, now=time.time(), session_expires_at=session_expires_at.timestamp()
        )
        return Admission(viewer, user, Tokens(access_token, refresh_token, expires_at, session_expires_at))

    async def sweep(self) -> int:
        """Deletes expired counters, codes and sessions, a bounded number of each, and returns their number. One
        server sweeps at a time."""
        swept = await self.throttle.sweep()
        async with self.database.write() as session:
            if not await take_turn(session, Sweeper.SESSIONS):
                return swept
            swept += await challenges.sweep(session, limit=MAX_TOKENS_SWEPT)
            return swept + await sessions.sweep(
                session,
                after=ENDED_SESSIONS_KEPT,
                max_sessions=MAX_SESSIONS_SWEPT,
                max_tokens=MAX_TOKENS_SWEPT,
            )

    def close(self) -> None:
        self.passwords.close()
