"""The sender: sends due mails and deletes old ones.

Every server has one sender for each channel (channels.py), and all of them share the outbox.

    claim      up to SLOTS due mails, under a lease: no other server can claim them
    send       each mail in a task of its own, within SEND_SECONDS
    record     the mail as sent, due again, or failed

When a server crashes, other servers send its mails after their leases are over. An SMTP server that is slow or does
not answer keeps only SLOTS tasks busy: the sender has its own connection to PostgreSQL, and no unit of work is open
while it sends. While no mail can be delivered at all, the sender pauses, longer each time, and counts no tries.

Decision 30 gives the reasons.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from pocketpay.database.loops import log_errors
from pocketpay.database.sessions import Database, Session
from pocketpay.database.sweeping import Sweeper, take_turn
from pocketpay.mail import repository
from pocketpay.mail.channels import Channel
from pocketpay.mail.delivery import NotDelivered, Rejected, ServerUnavailable, TryLater
from pocketpay.mail.mail import ClaimedMail
from pocketpay.mail.retries import pause_after

SLOTS = 4
"""Mails that one server sends at the same time."""

POLL_SECONDS = 1.0
"""The pause between two reads of the outbox when nothing was due."""

SEND_SECONDS = 60.0
LEASE = timedelta(seconds=150)
"""Longer than sending and recording a mail can take, so a lease only expires when its server has crashed."""

LONGEST_PAUSE_SECONDS = 60.0
"""The longest pause between two tries to reach an SMTP server that does not answer."""

RECORD_PAUSES = (0.1, 0.5, 2.0, 5.0, 10.0)
"""Seconds between tries to record the result of a mail. A mail without a recorded result is sent again."""

SWEEP_SECONDS = 60.0
SWEPT_AT_ONCE = 1_000
MAX_COUNTED = 100_000
COUNT_SECONDS = 15.0

FINISH_SECONDS = 2.0
"""How long mails that are being sent may take when the server stops."""

log = structlog.get_logger(__name__)

Complete = Callable[[ClaimedMail], Mapping[str, object]]
"""Returns the code and the link of a mail. Its row does not hold them: they are derived from the server's key."""


@dataclass(slots=True)
class Counts:
    """Counts of one channel since this server started; `waiting` counts the mails of all servers that wait now."""

    waiting: int = 0
    sent: int = 0
    failed: int = 0


class MailSender:
    """One server's sender of one channel. `keep` is how long a mail is kept after it was sent or has failed."""

    def __init__(self, database: Database, channel: Channel, complete: Complete, *, keep: timedelta) -> None:
        self._database, self._channel, self._complete = database, channel, complete
        self._keep = keep
        self.counts = Counts()
        self.sending: set[asyncio.Task[None]] = set()
        """A task for each mail that is being sent."""
        self.pause_seconds, self.paused_until = 0.0, 0.0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts sending and sweeping."""
        for name, work in (("mail sender", self._send_forever()), ("mail sweeper", self._sweep_forever())):
            self._tasks.append(asyncio.create_task(work, name=name))

    async def close(self) -> None:
        """Stops claiming mails, waits up to FINISH_SECONDS for those that are being sent, and cancels the rest."""
        await _cancel(self._tasks)
        if self.sending:
            await asyncio.wait(self.sending, timeout=FINISH_SECONDS)
        await _cancel(self.sending)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self._channel.close_idle()

    # ------------------------------------------------------------ sending

    async def send_due(self) -> int:
        """Claims due mails for the free slots, starts sending them, and returns how many they are."""
        free = SLOTS - len(self.sending)
        if not free or asyncio.get_running_loop().time() < self.paused_until:
            return 0
        async with self._database.write() as session:
            claimed = await repository.claim(session, self._channel.kinds, limit=free, lease=LEASE)
        for mail in claimed:
            task = asyncio.create_task(self._send(mail), name="sending a mail")
            self.sending.add(task)
            task.add_done_callback(self.sending.discard)
        return len(claimed)

    async def _send_forever(self) -> None:
        while True:
            claimed = 0
            # The first read of the outbox also follows a pause: a starting server has more urgent work.
            await self._wait_for_slot()
            with log_errors(log, work=f"sending_{self._channel.name}", busy="mail_postponed", failed="mail_failed"):
                claimed = await self.send_due()
            if not claimed and not self.sending:
                await self._channel.close_idle()

    async def _wait_for_slot(self) -> None:
        """Waits for a free slot when all are in use, and otherwise for a short pause."""
        if len(self.sending) == SLOTS:
            await asyncio.wait(self.sending, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(POLL_SECONDS * random.uniform(0.5, 1.0))

    async def _send(self, mail: ClaimedMail) -> None:
        try:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._deliver(mail)
            except TimeoutError:
                raise TryLater("timeout") from None
        except ServerUnavailable as error:
            self._pause(error)
            await self._try_again_uncounted(mail, error.failure)
        except NotDelivered as error:
            await self._not_delivered(mail, error)
        except Exception as error:
            log.exception("mail_send_error", name=mail.kind)
            await self._not_delivered(mail, TryLater(type(error).__name__))
        else:
            self.pause_seconds = 0.0
            self.counts.sent += 1
            await self._record(mail, lambda session: repository.sent(session, mail))

    async def _deliver(self, mail: ClaimedMail) -> None:
        await self._channel.deliver(mail, {**mail.facts, **self._complete(mail)})

    async def _try_again_uncounted(self, mail: ClaimedMail, failure: str) -> None:
        pause = timedelta(seconds=self.pause_seconds)
        await self._record(mail, lambda session: repository.try_again_uncounted(session, mail, failure, pause))

    async def _not_delivered(self, mail: ClaimedMail, error: NotDelivered) -> None:
        pause = None if isinstance(error, Rejected) else pause_after(mail.tries)
        if pause is None:
            self.counts.failed += 1
            log.warning("mail_given_up", name=mail.kind, failure=error.failure, tries=mail.tries)
            await self._record(mail, lambda session: repository.failed(session, mail, error.failure))
            return
        jittered = pause * random.uniform(1.0, 1.25)
        await self._record(mail, lambda session: repository.try_again(session, mail, error.failure, jittered))

    def _pause(self, error: ServerUnavailable) -> None:
        """Pauses the sender, longer each time, because no mail can be delivered."""
        now = asyncio.get_running_loop().time()
        if now < self.paused_until:
            return
        self.pause_seconds = min(max(2 * self.pause_seconds, POLL_SECONDS), LONGEST_PAUSE_SECONDS)
        self.paused_until = now + self.pause_seconds
        log.warning("mail_server_unavailable", failure=error.failure, seconds=self.pause_seconds)

    async def _record(self, mail: ClaimedMail, write: Callable[[Session], Awaitable[None]]) -> None:
        """Records the result of a mail. Tries again while the database does not answer, well within the lease."""
        for pause_seconds in (*RECORD_PAUSES, None):
            try:
                async with self._database.write() as session:
                    await write(session)
                return
            except Exception as error:
                if pause_seconds is None:
                    log.error("mail_not_recorded", name=mail.kind, exc_info=error)
                    return
                await asyncio.sleep(pause_seconds)

    # ------------------------------------------------------------ sweeping

    async def sweep(self) -> int:
        """Marks expired mails as failed and deletes old ones, a bounded number of each; returns how many in total."""
        async with self._database.write() as session:
            if not await take_turn(session, Sweeper.MAILS):
                return 0
            expired = await repository.expire(session, self._channel.kinds, limit=SWEPT_AT_ONCE)
            swept = await repository.sweep(session, after=self._keep, limit=SWEPT_AT_ONCE)
        self.counts.failed += expired
        if expired:
            log.warning("mails_expired", count=expired)
        return expired + swept

    async def count(self) -> None:
        """Counts the waiting mails, for the metrics."""
        async with self._database.write() as session:
            self.counts.waiting = await repository.waiting(session, self._channel.kinds, limit=MAX_COUNTED)

    async def _sweep_forever(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            ticks += 1
            with log_errors(log, work=f"sweeping_{self._channel.name}", busy="mail_postponed", failed="mail_failed"):
                await self.count()
                if ticks % (SWEEP_SECONDS // COUNT_SECONDS) == 0:
                    await self.sweep()


async def _cancel(tasks: "Collection[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
