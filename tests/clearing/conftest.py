"""A desk over the test's database."""

import pytest

from pocketpay.clearing import queue
from tests.desks import desk, dsns, kept, records, two_desks

__all__ = ["desk", "dsns", "kept", "records", "two_desks"]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units wait long for a lock: the tests hold one at a lock while others arrive."""
    monkeypatch.setattr(queue, "LOCK_MILLISECONDS", 1_500)
