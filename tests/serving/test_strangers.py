"""Whose turn it is to have a text prepared, of those who come without a token."""

import asyncio
import time
from functools import partial

import pytest

from pocketpay.serving import strangers
from pocketpay.serving.strangers import BURST_SECONDS, MOST_OF_ONE, MOST_WAITING, SHARE, Strangers, TooManyTexts


class Texts:
    """Texts that take so long to prepare, by a clock of their own, and the order in which they were prepared."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.seconds, self.clock = seconds, 0.0
        self.prepared: list[str] = []
        self.began: list[float] = []
        monkeypatch.setattr(strangers, "thread_time", lambda: self.clock)

    def text(self, name: str) -> str:
        self.began.append(time.monotonic())
        self.prepared.append(name)
        self.clock += self.seconds
        return name


def spend_the_burst(turns: Strangers) -> None:
    """The next text begins 2 ms from now."""
    turns._paid_at = asyncio.get_running_loop().time() + BURST_SECONDS / SHARE + 0.002


async def test_new_texts_take_a_fiftieth_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.001), Strangers()
    began = time.monotonic()
    count = 0
    while time.monotonic() - began < 1.0:
        await turns.turn("a", lambda: texts.text("a"))
        count += 1
    elapsed = time.monotonic() - began
    assert 100 <= count <= 1 + (BURST_SECONDS + elapsed * SHARE) / texts.seconds


async def test_a_quiet_time_saves_up_the_burst_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, BURST_SECONDS / 4), Strangers()
    for _ in range(2):
        waits = [asyncio.ensure_future(turns.turn("a", lambda: texts.text("a"))) for _ in range(8)]
        await asyncio.sleep(0.05)
        assert sum(wait.done() for wait in waits) == 5  # 4 fill the burst, and the last one may pass it
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        turns = Strangers()


async def test_networks_take_turns_and_each_is_served_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.0001), Strangers()
    spend_the_burst(turns)
    names = ["a1", "a2", "a3", "b1", "b2", "c1"]
    await asyncio.gather(*(turns.turn(name[0], partial(texts.text, name)) for name in names))
    assert texts.prepared == ["a1", "b1", "c1", "a2", "b2", "a3"]


async def test_a_network_that_floods_leaves_the_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.0005), Strangers()
    spend_the_burst(turns)
    flood = [asyncio.ensure_future(turns.turn("a", lambda: texts.text("a"))) for _ in range(MOST_OF_ONE)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyTexts):
        await turns.turn("a", lambda: texts.text("a"))
    assert await turns.turn("b", lambda: texts.text("b")) == "b"
    assert texts.prepared.index("b") <= 1
    await asyncio.gather(*flood)


async def test_so_many_wait_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 10), Strangers()
    spend_the_burst(turns)
    waits = [asyncio.ensure_future(turns.turn(f"network {n}", lambda: texts.text("a"))) for n in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyTexts):
        await turns.turn("one more", lambda: texts.text("a"))
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def test_a_text_waits_so_long_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 10), Strangers()
    monkeypatch.setattr(strangers, "SECONDS", 0.02)
    await turns.turn("a", lambda: texts.text("a"))
    with pytest.raises(TooManyTexts):
        await turns.turn("a", lambda: texts.text("a"))
    assert len(texts.prepared) == 1


async def test_a_text_whose_client_left_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.0005), Strangers()
    spend_the_burst(turns)
    left, stays = (asyncio.ensure_future(turns.turn("a", partial(texts.text, name))) for name in ("left", "stays"))
    await asyncio.sleep(0)
    left.cancel()
    assert await stays == "stays"
    assert texts.prepared == ["stays"]


async def test_an_error_of_preparing_reaches_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.0001), Strangers()
    spend_the_burst(turns)

    def fail() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        await turns.turn("a", fail)
    assert await turns.turn("a", lambda: texts.text("a")) == "a"
