from benchmarks.cpu import Cpu
from benchmarks.ratios import Compared, Round, share, spread, table
from benchmarks.window import Window, pooled


def window(operations: int, server: float = 1.0, postgres: float = 0.5) -> Window:
    """A window of one second."""
    return Window(operations, 1.0, Cpu(server, postgres))


def test_a_window_has_a_rate_and_a_cpu_time_per_operation() -> None:
    one = Window(4_000, 2.0, Cpu(server_seconds=1.0, postgres_seconds=0.5))
    assert (one.per_second, one.server_us, one.postgres_us) == (2_000, 250, 125)


def test_pooled_windows_add_up_operations_seconds_and_cpu_time() -> None:
    assert pooled([window(100), window(300, server=3.0)]) == Window(400, 2.0, Cpu(4.0, 1.0))


def test_the_table_shows_medians_their_spread_and_ratios_taken_within_a_round() -> None:
    rounds = [
        Round(ours=[window(100), window(300)], theirs=[window(100), window(100)]),
        Round(ours=[window(500), window(500)], theirs=[window(1_000), window(1_000)]),
        Round(ours=[window(200), window(200)], theirs=[window(200), window(200)]),
    ]
    first = table([Compared("transfer", 32, rounds)], "working tree", "abc1234")[2]
    assert first == ("| transfer | 32 | per second | 250 [100 to 500] | 200 [100 to 1,000] | 1.00 [0.50 to 2.00] |")


def test_the_ratio_is_nan_when_the_other_side_used_no_cpu_time() -> None:
    free = Round(ours=[window(100)], theirs=[window(100, postgres=0)])
    assert table([Compared("balance", 32, [free])], "a", "b")[-1].endswith("| nan [nan to nan] |")


def test_a_spread_is_the_median_the_minimum_and_the_maximum() -> None:
    assert spread([3, 1, 2], ".1f") == "2.0 [1.0 to 3.0]"


def test_the_rate_of_the_hot_pair_is_compared_within_each_round() -> None:
    normal = Compared("transfer", 32, [Round([window(100)], [window(100)]), Round([window(10)], [window(10)])])
    hot = Compared("hot", 32, [Round([window(50)], [window(90)]), Round([window(5)], [window(9)])])
    assert share(hot, normal, lambda round_: round_.ours) == 0.5
    assert share(hot, normal, lambda round_: round_.theirs) == 0.9
