"""Readiness needs no token, so many checks must not load the database."""

import asyncio
from typing import Any

import pytest

from pocketpay.database import revisions
from tests.clients import Client


async def test_concurrent_readiness_checks_share_one_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check used to hold its own connection to the database."""
    reads, most, current = 0, 0, revisions.current

    async def counted(session: Any) -> Any:
        nonlocal reads, most
        reads += 1
        most = max(most, reads)
        try:
            await asyncio.sleep(0.01)
            return await current(session)
        finally:
            reads -= 1

    monkeypatch.setattr(revisions, "current", counted)
    answers = await asyncio.gather(*(client.http.get("/readyz") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert most == 1
