"""Measures the clearing without HTTP, in this process. The number of concurrent callers sets the size of its
batches."""

import asyncio
import random
import time

from benchmarks.population import Person, payees_of, payment
from pocketpay.clearing.queue import Clearing
from pocketpay.transactions.lifecycle import Status


async def transfers_per_second(clearing: Clearing, people: list[Person], callers: int, seconds: float) -> float:
    """Completed transfers per second with `callers` concurrent callers. Each one waits for an answer before it sends
    the next transfer."""
    run, done, end = random.getrandbits(40), 0, time.perf_counter() + seconds

    async def call(caller: int) -> None:
        nonlocal done
        chance, sent = random.Random(run + caller), 0
        while time.perf_counter() < end:
            number = chance.randrange(len(people))
            sent += 1
            order = payment(people[number], chance.choice(payees_of(people, number)), f"{run:x}-{caller}-{sent}")
            answer = await clearing.submit(order)
            assert answer.transaction.status is Status.COMPLETED, answer
            done += 1

    started = time.perf_counter()
    await asyncio.gather(*(call(caller) for caller in range(callers)))
    return done / (time.perf_counter() - started)
