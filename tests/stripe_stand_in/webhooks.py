"""The webhook's sender: signed as Stripe signs, and as badly as networks deliver.

    in_order    each event once, in the order in which it happened
    twice       each event twice
    backwards   the newest first
    shuffled    in a random order
    never       not at all; they stay in the list of events
    held        not until a control endpoint sends them

A forged event has a wrong signature, an old one, no signature, or the signature of another body. An event that is not
answered with 2xx stays queued and is sent again.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.world import World

TOLERANCE = 300
"""How many seconds old a signature may be, as the library checks it."""

PAUSE = 0.2
"""How many seconds the sender of a process waits between two rounds."""


class Delivery(StrEnum):
    IN_ORDER = "in_order"
    TWICE = "twice"
    BACKWARDS = "backwards"
    SHUFFLED = "shuffled"
    NEVER = "never"
    HELD = "held"


def signature(payload: str, secret: str, at: int) -> str:
    """Returns the Stripe-Signature header of a body."""
    digest = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@dataclass(slots=True)
class Sender:
    """Sends the queued events to `url`. Those of connected accounts go to `connect_url` if there is one."""

    world: World
    client: httpx.AsyncClient
    url: str | None = None
    secret: str = "whsec_stand_in"
    connect_url: str | None = None
    connect_secret: str | None = None
    delivery: Delivery = Delivery.IN_ORDER
    chance: random.Random = field(default_factory=random.Random)
    clock: Callable[[], float] = time.time
    answers: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Sends what is queued, for as long as the process lives."""
        while True:
            if self.url is not None and self.delivery not in (Delivery.NEVER, Delivery.HELD):
                await self.send(self.delivery)
            await asyncio.sleep(PAUSE)

    async def send(self, delivery: Delivery = Delivery.IN_ORDER) -> int:
        """Sends everything that is queued, and returns how many events there were."""
        queued = self.world.store.queued()
        if delivery == Delivery.BACKWARDS:
            queued.reverse()
        elif delivery == Delivery.SHUFFLED:
            self.chance.shuffle(queued)
        for number, id in queued:
            event = self.world.store.get(id)
            assert event is not None
            was_taken = [await self._post(event) for _ in range(2 if delivery == Delivery.TWICE else 1)]
            if all(was_taken):
                self.world.store.delivered(number)
        return len(queued)

    async def send_again(self, id: str) -> bool:
        """Sends an old event again, as somebody does in Stripe's dashboard."""
        event = self.world.store.get(id)
        assert event is not None
        return await self._post(event)

    async def forge(self, event: Object) -> list[int]:
        """Sends an event with each kind of wrong signature, and returns the answers' statuses."""
        url, secret = self._endpoint_of(event)
        text, now = json.dumps(event), int(self.clock())
        statuses = []
        for header in _wrong_signatures(text, secret, now):
            headers = {"Stripe-Signature": header} if header is not None else {}
            response = await self.client.post(url, content=text, headers=_headers() | headers)
            statuses.append(response.status_code)
            self.answers[f"forged {response.status_code}"] += 1
        return statuses

    def _endpoint_of(self, event: Object) -> tuple[str, str]:
        assert self.url is not None, "no webhook is set"
        if "account" in event:
            return self.connect_url or self.url, self.connect_secret or self.secret
        return self.url, self.secret

    async def _post(self, event: Object) -> bool:
        url, secret = self._endpoint_of(event)
        text = json.dumps(event)
        headers = _headers() | {"Stripe-Signature": signature(text, secret, int(self.clock()))}
        with contextlib.suppress(httpx.TransportError):
            response = await self.client.post(url, content=text, headers=headers)
            self.answers[str(response.status_code)] += 1
            return response.is_success
        self.answers["no answer"] += 1
        return False


def _headers() -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }


def _wrong_signatures(text: str, secret: str, now: int) -> Iterator[str | None]:
    yield None
    yield "t=,v1="
    yield signature(text, f"{secret}x", now)
    yield signature(f"{text} ", secret, now)
    yield signature(text, secret, now - TOLERANCE - 60)
    yield signature(text, secret, now).replace("v1=", "v0=")
