"""The audit on a running server: one at a time, and never for longer than its time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.findings import Finding
from pocketpay.operations import audit
from pocketpay.operations.audits import Audits
from tests.conftest import Dsns


class Proving:
    """In place of the proofs: each audit waits until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.go = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(audit, "prove", self._prove)

    async def _prove(self, _: object) -> AsyncIterator[Finding]:
        self.began.set()
        await self.go.wait()
        for _finding in tuple[Finding, ...]():
            yield _finding


async def test_a_second_audit_at_the_same_time_is_refused(module_dsn: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    audits, proving = Audits(module_dsn.server), Proving(monkeypatch)
    first = asyncio.create_task(audits.run())
    await proving.began.wait()
    with pytest.raises(ServiceBusy, match="an audit is running"):
        await audits.run()
    proving.go.set()
    assert (await first).findings == ()
    assert (await audits.run()).findings == ()


async def test_an_audit_that_takes_too_long_is_refused_and_the_next_one_runs(
    module_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    audits, proving = Audits(module_dsn.server, seconds=0.2), Proving(monkeypatch)
    with pytest.raises(ServiceBusy, match="too long"):
        await audits.run()
    monkeypatch.setattr(audits, "_seconds", 60.0)
    proving.go.set()
    assert (await audits.run()).findings == ()


async def test_an_audit_of_a_database_that_does_not_answer_is_refused() -> None:
    with pytest.raises(ServiceBusy, match="does not answer"):
        await Audits("postgresql://pocketpay@/pocketpay?host=/nowhere").run()
