"""How often somebody may ask."""

from pocketpay.api.rates import Rates


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_taken_and_then_waits_for_its_second() -> None:
    clock = Clock()
    rates = Rates(2, 4, clock)
    assert [rates.take("ada") for _ in range(4)] == [None] * 4
    assert rates.take("ada") == 1
    assert rates.take("bob") is None
    clock.now += 0.5
    assert rates.take("ada") is None
    assert rates.take("ada") == 1


def test_a_slow_rate_says_how_long_to_wait_and_refusals_cost_nothing() -> None:
    clock = Clock()
    rates = Rates(0.1, 1, clock)
    assert rates.take("ada") is None
    assert [rates.take("ada") for _ in range(3)] == [10, 10, 10]
    clock.now += 10
    assert rates.take("ada") is None


def test_those_who_have_not_asked_for_long_are_forgotten(monkeypatch: object) -> None:
    clock = Clock()
    rates = Rates(1, 2, clock)
    from pocketpay.api import rates as module

    most = module.MOST_KEPT
    for n in range(most):
        rates.take(n)
    clock.now += 5
    rates.take("ada")
    assert len(rates._buckets) == 1
