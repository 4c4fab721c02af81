"""The answers of committed units of work that have not been sent yet.

While more orders wait, the answers of a unit are kept until a unit sends its write, the longest of its statements, or
until no unit follows. So the server sends answers while the database works. No answer is sent before its commit.

Decision 15 gives the reasons.
"""

import asyncio
from collections.abc import Iterable

from pocketpay.clearing.outcome import Result
from pocketpay.clearing.ticket import Ticket

MAX_DELAY_SECONDS = 0.02
"""How long after the commit an answer is sent at the latest."""


class Answers:
    """The answers that are kept now."""

    def __init__(self) -> None:
        self._kept: list[tuple[Ticket, Result]] = []

    def keep(self, answers: Iterable[tuple[Ticket, Result]]) -> None:
        """Keeps the answers of a committed unit until `send_soon`, but not longer than MAX_DELAY_SECONDS."""
        self._kept += answers
        asyncio.get_running_loop().call_later(MAX_DELAY_SECONDS, self.send)

    def send_soon(self) -> None:
        """Sends the kept answers in the next turn of the event loop, after the statement that is sent now."""
        if self._kept:
            asyncio.get_running_loop().call_soon(self.send)

    def send(self) -> None:
        """Sends the kept answers to their callers."""
        kept, self._kept = self._kept, []
        for ticket, result in kept:
            ticket.settle(result)
