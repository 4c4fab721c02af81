"""Several workers answer /metrics as one server: the supervisor adds up what they have counted."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from pocketpay.measures import Histogram
from pocketpay.serving import exchange, exposition
from pocketpay.serving.exchange import MetricsChannel, NoAnswer, SupervisorExchange, WorkerExchange
from pocketpay.serving.exposition import Family, Kind, Merge


class Worker:
    """A stand-in for a worker process: its counts, and its end of the exchange."""

    def __init__(self) -> None:
        self.counted, self.lag = 0, 0.0
        self.seconds = Histogram((0.1, 1.0))
        self.exchange: WorkerExchange | None = None

    def families(self) -> list[Family]:
        counted = Family("counted", Kind.COUNTER, "Counted.", Merge.SUM)
        counted.add(self.counted, {"code": "X"})
        lag = Family("lag_seconds", Kind.GAUGE, "The worst one.", Merge.MAX)
        lag.add(self.lag)
        open_ = Family("open", Kind.GAUGE, "Open now.", Merge.SUM)
        open_.add(self.counted)
        read = Family("read", Kind.GAUGE, "Read from the database.", Merge.ASKED)
        read.add(self.counted)
        memory = Family("memory", Kind.GAUGE, "Of each.", Merge.EACH)
        memory.add(self.counted)
        seconds = Family("seconds", Kind.HISTOGRAM, "Durations.", Merge.SUM)
        seconds.add_histogram(self.seconds)
        return [counted, lag, open_, read, memory, seconds]

    async def values(self) -> dict[str, float]:
        """The metrics that this worker answers with, by series."""
        assert self.exchange is not None
        text = (await self.exchange.text()).decode()
        return {series: float(value) for series, value in re.findall(r"^(\w\S*) (\S+)$", text, re.MULTILINE)}


class Site:
    """A supervisor with its workers."""

    def __init__(self, count: int) -> None:
        self.supervisor = SupervisorExchange(count)
        self.serving: dict[str, asyncio.Task[None]] = {}
        self.workers: list[Worker] = []

    async def start(self, place: str) -> Worker:
        worker, (ours, theirs) = Worker(), socket.socketpair()
        self.serving[place] = asyncio.create_task(self.supervisor.serve(place, ours))
        self.workers.append(worker)
        worker.exchange = WorkerExchange(await MetricsChannel.open(theirs), worker.families)
        return worker

    async def end(self, place: str, worker: Worker) -> None:
        assert worker.exchange is not None
        await worker.exchange.close()
        await self.serving.pop(place)
        self.supervisor.restarts += 1

    async def close(self) -> None:
        for task in self.serving.values():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for worker in self.workers:
            assert worker.exchange is not None
            await worker.exchange.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site(2)
    yield site
    await site.close()


async def test_each_worker_answers_with_the_sum_of_all(site: Site) -> None:
    one, two = await site.start("1"), await site.start("2")
    one.counted, two.counted, one.lag, two.lag = 3, 4, 0.5, 0.25
    one.seconds.observe(0.05)
    two.seconds.observe(0.5)
    for asked, read in ((one, 3), (two, 4)):
        values = await asked.values()
        assert values['counted_total{code="X"}'] == 7
        assert values["open"] == 7
        assert values["lag_seconds"] == 0.5
        assert values["read"] == read, "the worker that was asked has just read it"
        assert (values['memory{worker="1"}'], values['memory{worker="2"}']) == (3, 4)
        assert [values[f'seconds_bucket{{le="{bound}"}}'] for bound in ("0.1", "1.0", "+Inf")] == [1, 2, 2]
        assert (values["seconds_count"], values["seconds_sum"]) == (2, 0.55)
        assert (values["pocketpay_workers"], values["pocketpay_workers_answering"]) == (2, 2)


async def test_no_counter_goes_down_when_a_worker_ends_and_is_replaced(site: Site) -> None:
    one, two = await site.start("1"), await site.start("2")
    one.counted, two.counted = 3, 4
    await one.values()
    for restarts in (1, 2):
        await site.end("2", two)
        values = await one.values()
        assert values['counted_total{code="X"}'] == 7, "what the ended worker had counted stays"
        assert values["open"] == 3, "what it had open is gone"
        assert 'memory{worker="2"}' not in values
        assert (values["pocketpay_workers_answering"], values["pocketpay_worker_restarts_total"]) == (1, restarts)
        two = await site.start("2")
    two.counted = 5
    assert (await one.values())['counted_total{code="X"}'] == 12


async def test_the_last_report_of_a_blocked_worker_is_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", 0.05)
    one, two = await site.start("1"), await site.start("2")
    one.counted, two.counted = 3, 4
    await one.values()
    assert two.exchange is not None
    two.exchange._task.cancel()  # its event loop reads nothing any more
    values = await one.values()
    assert values['counted_total{code="X"}'] == 7
    assert values["open"] == 3
    assert (values["pocketpay_workers"], values["pocketpay_workers_answering"]) == (2, 1)


async def test_a_worker_without_a_supervisor_does_not_return_its_metrics_alone(site: Site) -> None:
    one = await site.start("1")
    one.counted = 3
    site.serving["1"].cancel()
    with suppress(asyncio.CancelledError):
        await site.serving["1"]
    with pytest.raises(NoAnswer):
        await one.values()


def test_a_state_metric_has_the_value_of_the_worst_worker() -> None:
    def up(value: float) -> list[Family]:
        family = Family("up", Kind.GAUGE, "Up.", Merge.MIN)
        family.add(value)
        return [family]

    (family,) = exposition.merged({"1": up(1), "2": up(0), "3": up(1)}, "1")
    assert [sample.value for sample in family.samples] == [0]
