"""Whose turn it is to have a new document prepared."""

import asyncio
import math
import time
from functools import partial

import pytest

from pocketpay.serving import new_documents
from pocketpay.serving.new_documents import MAX_WAITING, MAX_WAITING_PER_OWNER, NewDocuments, TooManyNewDocuments
from tests.clients import listening, serving
from tests.conftest import Dsns
from tests.serving.test_sockets import heard, opened, say, subscribe

SHARE, BURST_SECONDS = 1 / 50, 0.1


class Texts:
    """Texts that take so long to prepare, by a clock of their own, and the order in which they were prepared."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.seconds, self.clock = seconds, 0.0
        self.prepared: list[str] = []
        self.began: list[float] = []
        monkeypatch.setattr(new_documents, "thread_time", lambda: self.clock)

    def text(self, name: str) -> str:
        self.began.append(time.monotonic())
        self.prepared.append(name)
        self.clock += self.seconds
        return name


def waiting() -> NewDocuments:
    return NewDocuments(share=SHARE, burst_seconds=BURST_SECONDS)


def make_all_wait(turns: NewDocuments) -> None:
    """No text begins before `let_them_begin`, however slow this machine is."""
    turns._covered_until = asyncio.get_running_loop().time() + 3600


async def let_them_begin(turns: NewDocuments) -> None:
    """Waits until every task of the test waits for its turn; then the turns begin."""
    await asyncio.sleep(0)
    assert turns._timer is not None
    turns._timer.cancel()
    turns._covered_until = 0.0
    turns._prepare_next()


async def test_new_documents_take_their_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.001), waiting()
    began = time.monotonic()
    count = 0
    while time.monotonic() - began < 1.0:
        await turns.turn("a", lambda: texts.text("a"))
        count += 1
    elapsed = time.monotonic() - began
    assert 100 <= count <= 1 + (BURST_SECONDS + elapsed * SHARE) / texts.seconds


async def test_a_quiet_time_saves_up_the_burst_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, BURST_SECONDS / 4), waiting()
    for _ in range(2):
        waits = [asyncio.ensure_future(turns.turn("a", lambda: texts.text("a"))) for _ in range(8)]
        await asyncio.sleep(0.05)
        assert sum(wait.done() for wait in waits) == 5  # 4 fill the burst, and the last one may pass it
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        turns = waiting()


async def test_owners_take_turns_and_each_is_served_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.0001), waiting()
    make_all_wait(turns)
    names = ["a1", "a2", "a3", "b1", "b2", "c1"]
    waits = [asyncio.ensure_future(turns.turn(name[0], partial(texts.text, name))) for name in names]
    await let_them_begin(turns)
    await asyncio.gather(*waits)
    assert texts.prepared == ["a1", "b1", "c1", "a2", "b2", "a3"]


async def test_an_owner_who_floods_leaves_the_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.0005), waiting()
    make_all_wait(turns)
    flood = [asyncio.ensure_future(turns.turn("a", lambda: texts.text("a"))) for _ in range(MAX_WAITING_PER_OWNER)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyNewDocuments):
        await turns.turn("a", lambda: texts.text("a"))
    other = asyncio.ensure_future(turns.turn("b", lambda: texts.text("b")))
    await let_them_begin(turns)
    assert await other == "b"
    assert texts.prepared.index("b") == 1
    await asyncio.gather(*flood)


async def test_so_many_wait_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 10), waiting()
    make_all_wait(turns)
    waits = [asyncio.ensure_future(turns.turn(f"owner {n}", lambda: texts.text("a"))) for n in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyNewDocuments):
        await turns.turn("one more", lambda: texts.text("a"))
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def test_a_document_waits_so_long_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 10), waiting()
    monkeypatch.setattr(new_documents, "MAX_WAIT_SECONDS", 0.02)
    await turns.turn("a", lambda: texts.text("a"))
    with pytest.raises(TooManyNewDocuments):
        await turns.turn("a", lambda: texts.text("a"))
    assert len(texts.prepared) == 1


async def test_a_document_whose_client_left_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.0005), waiting()
    make_all_wait(turns)
    left, stays = (asyncio.ensure_future(turns.turn("a", partial(texts.text, name))) for name in ("left", "stays"))
    await asyncio.sleep(0)
    left.cancel()
    await let_them_begin(turns)
    assert await stays == "stays"
    assert texts.prepared == ["stays"]


async def test_an_error_of_preparing_reaches_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, turns = Texts(monkeypatch, 0.0001), waiting()
    make_all_wait(turns)

    def fail() -> str:
        raise LookupError

    failing = asyncio.ensure_future(turns.turn("a", fail))
    await let_them_begin(turns)
    with pytest.raises(LookupError):
        await failing
    assert await turns.turn("a", lambda: texts.text("a")) == "a"


async def test_every_endpoint_refuses_new_documents_once_too_many_wait(
    database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of members stops no strangers and the other way round; documents that are prepared go through."""
    limited = serving(database_dsn.server, anonymous_rate_per_second=100)
    async with limited as client, listening(client) as server:
        ada = await client.sign_up("ada")
        execution = client.app.state.server_context.execution
        monkeypatch.setattr(new_documents, "MAX_WAITING", 0)
        for number, (by, other) in enumerate(((None, ada), (ada, None))):
            prepared = await client.post(f"{{ known{number}: __typename }}", by=by)
            turns = execution._turns[by is None]
            covered_until, turns._covered_until = turns._covered_until, math.inf

            posted = await client.post("{ a: __typename }", by=by)
            got = await client.http.get(
                "/graphql", params={"query": "{ b: __typename }"}, headers=by.bearer if by else {}
            )
            async with opened(server, by=by) as socket:
                await say(socket, subscribe("{ c: __typename }", "1"))
                told = await heard(socket)
            for errors in (posted["errors"], got.json()["errors"], told["payload"]):
                assert [error["extensions"]["code"] for error in errors] == ["RATE_LIMITED"]

            assert await client.post(f"{{ known{number}: __typename }}", by=by) == prepared
            assert prepared["data"] == {f"known{number}": "Query"}
            others = await client.post(f"{{ new{number}: __typename }}", by=other)
            assert others == {"data": {f"new{number}": "Query"}}
            turns._covered_until = covered_until
