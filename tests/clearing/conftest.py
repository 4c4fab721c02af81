"""Fixtures: a desk over the test's database."""

import pytest

from pocketpay.clearing import lane
from tests.desks import desk, dsns, kept, records, two_desks

__all__ = ["desk", "dsns", "kept", "records", "two_desks"]


@pytest.fixture(autouse=True)
def patient(limit_of_waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Units of work wait long for a lock: the tests keep one waiting while other orders arrive."""
    monkeypatch.setattr(lane, "LOCK_MILLISECONDS", 1_500)
