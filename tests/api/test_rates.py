"""The limiter of requests per second."""

import pytest

from pocketpay.api.rates import Rates


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_allowed_and_the_next_request_must_wait() -> None:
    clock = Clock()
    rates = Rates(2, 4, clock)
    assert [rates.take("ada") for _ in range(4)] == [None] * 4
    assert rates.take("ada") == 1
    assert rates.take("bob") is None
    clock.now += 0.5
    assert rates.take("ada") is None
    assert rates.take("ada") == 1


def test_refused_requests_return_the_wait_and_use_up_no_rate() -> None:
    clock = Clock()
    rates = Rates(0.1, 1, clock)
    assert rates.take("ada") is None
    assert [rates.take("ada") for _ in range(3)] == [10, 10, 10]
    clock.now += 10
    assert rates.take("ada") is None


def test_rate_buckets_that_are_full_again_are_dropped() -> None:
    clock = Clock()
    rates = Rates(1, 2, clock)
    for n in range(1_000):
        rates.take(n)
    for _ in range(2):
        clock.now += 2
        rates.take("ada")
    assert len(rates) <= 2


def test_a_rate_bucket_in_use_is_not_dropped() -> None:
    clock = Clock()
    rates = Rates(1, 2, clock)
    taken = []
    for _ in range(40):
        taken.append(rates.take("ada"))
        clock.now += 0.25
    assert taken.count(None) == 2 + 9, "the burst, and one for each second since"


def test_rate_buckets_of_many_addresses_use_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit every request used to search all buckets, and none was ever dropped."""
    monkeypatch.setattr("pocketpay.api.rates.MAX_BUCKETS", 100)
    rates = Rates(1, 1_000, Clock())
    for n in range(10_000):
        rates.take(n)
        assert len(rates) <= 200
