"""What a unit of work tells the servers arrives as it was told, within what PostgreSQL takes."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.updates.signals import (
    ALL,
    EVERYTHING,
    MAX_PAYLOADS,
    RequestSignal,
    Signal,
    TransactionSignal,
    payloads,
    read,
)

VERSIONS = st.integers(min_value=0, max_value=2**63 - 1)
WALLETS = st.none() | st.uuids()
SIGNALS = st.builds(
    Signal,
    wallets=st.dictionaries(st.uuids(), VERSIONS, max_size=60),
    transactions=st.dictionaries(st.uuids(), st.builds(TransactionSignal, VERSIONS, WALLETS, WALLETS), max_size=30),
    sessions=st.frozensets(st.uuids(), max_size=60),
    requests=st.dictionaries(st.uuids(), st.builds(RequestSignal, VERSIONS, st.uuids(), st.uuids()), max_size=30),
    risk_settings=st.booleans(),
)


def together(told: list[str]) -> Signal:
    """What one who hears all of `told` knows."""
    heard = [read(payload) for payload in told]
    wallets = {wallet: version for signal in heard for wallet, version in signal.wallets.items()}
    transactions = {key: value for signal in heard for key, value in signal.transactions.items()}
    sessions = frozenset(session for signal in heard for session in signal.sessions)
    requests = {key: value for signal in heard for key, value in signal.requests.items()}
    risk_settings = any(signal.risk_settings for signal in heard)
    everything = any(signal.everything for signal in heard)
    return Signal(wallets, transactions, sessions, requests, risk_settings, everything)


def batch(transfers: int) -> Signal:
    """The signal of that many transfers between as many pairs of wallets."""
    pairs = [(uuid4(), uuid4()) for _ in range(transfers)]
    return Signal(
        wallets={wallet: 1_000_000 for pair in pairs for wallet in pair},
        transactions={uuid4(): TransactionSignal(1, *pair) for pair in pairs},
    )


@given(SIGNALS)
def test_what_is_told_is_what_is_heard(signal: Signal) -> None:
    assert together(payloads(signal)) == signal


@given(SIGNALS)
def test_every_payload_is_within_what_postgresql_takes(signal: Signal) -> None:
    told = payloads(signal)
    assert all(0 < len(payload.encode()) < 7_500 for payload in told)
    assert len(told) <= MAX_PAYLOADS


def test_nothing_that_changed_is_nothing_to_tell() -> None:
    assert payloads(Signal()) == []


def test_the_largest_batch_of_the_clearing_is_told_piece_by_piece() -> None:
    told = payloads(batch(128))
    assert ALL not in told
    assert len(told) <= 4


def test_what_does_not_fit_into_eight_payloads_is_everything() -> None:
    told = payloads(batch(2_000))
    assert told == [ALL]
    assert read(ALL).everything


@pytest.mark.parametrize("transfers", range(360, 520, 7))
def test_the_last_payload_before_everything_is_still_whole(transfers: int) -> None:
    signal = batch(transfers)
    told = payloads(signal)
    assert told == [ALL] or together(told) == signal


ID = "01a203843071775db3fa09cad881e7d2"


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        ",",
        "hello",
        "ALL",
        "w",
        f"w{ID}",
        f"w{ID}.many",
        f"w{ID}.1,",
        f"w{UUID(ID)}.1",
        f"t{ID}.1",
        f"r{ID}{ID}.1",
        f"s{ID}\n",
        "w" + "１" * 32 + ".1",
    ],
)
def test_a_notification_nobody_understands_means_read_everything_again(garbage: str) -> None:
    assert read(garbage) == EVERYTHING


@given(st.text(max_size=200))
def test_no_notification_is_an_error(garbage: str) -> None:
    assert isinstance(read(garbage), Signal)


def test_ids_heard_are_the_ids_told_whatever_class_they_have() -> None:
    wallet = uuid4()
    heard = next(iter(read(payloads(Signal(wallets={wallet: 1}))[0]).wallets))
    assert isinstance(heard, UUID)
    assert (heard, hash(heard)) == (wallet, hash(wallet))
