"""The signals of a unit of work: they arrive unchanged, within PostgreSQL's limits for notifications."""

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


def together(payloads: list[str]) -> Signal:
    """Parses all payloads. Returns one signal with all their contents."""
    received = [read(payload) for payload in payloads]
    wallets = {wallet: version for signal in received for wallet, version in signal.wallets.items()}
    transactions = {key: value for signal in received for key, value in signal.transactions.items()}
    sessions = frozenset(session for signal in received for session in signal.sessions)
    requests = {key: value for signal in received for key, value in signal.requests.items()}
    risk_settings = any(signal.risk_settings for signal in received)
    everything = any(signal.everything for signal in received)
    return Signal(wallets, transactions, sessions, requests, risk_settings, everything)


def batch(transfers: int) -> Signal:
    """Returns the signal of that many transfers, each between two other wallets."""
    pairs = [(uuid4(), uuid4()) for _ in range(transfers)]
    return Signal(
        wallets={wallet: 1_000_000 for pair in pairs for wallet in pair},
        transactions={uuid4(): TransactionSignal(1, *pair) for pair in pairs},
    )


@given(SIGNALS)
def test_a_sent_signal_is_received_unchanged(signal: Signal) -> None:
    assert together(payloads(signal)) == signal


@given(SIGNALS)
def test_every_payload_is_within_postgresqls_limit(signal: Signal) -> None:
    sent = payloads(signal)
    assert all(0 < len(payload.encode()) < 7_500 for payload in sent)
    assert len(sent) <= MAX_PAYLOADS


def test_a_signal_without_changes_has_no_payload() -> None:
    assert payloads(Signal()) == []


def test_the_largest_unit_of_the_clearing_is_sent_in_several_payloads() -> None:
    sent = payloads(batch(128))
    assert ALL not in sent
    assert len(sent) <= 4


def test_a_signal_that_needs_more_than_eight_payloads_becomes_everything() -> None:
    sent = payloads(batch(2_000))
    assert sent == [ALL]
    assert read(ALL).everything


@pytest.mark.parametrize("transfers", range(360, 520, 7))
def test_a_signal_near_the_limit_is_complete_or_everything(transfers: int) -> None:
    signal = batch(transfers)
    sent = payloads(signal)
    assert sent == [ALL] or together(sent) == signal


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
def test_an_invalid_notification_causes_a_read_of_everything(garbage: str) -> None:
    assert read(garbage) == EVERYTHING


@given(st.text(max_size=200))
def test_any_notification_is_parsed_without_an_error(garbage: str) -> None:
    assert isinstance(read(garbage), Signal)


def test_received_ids_equal_the_sent_ids_of_any_uuid_class() -> None:
    wallet = uuid4()
    received = next(iter(read(payloads(Signal(wallets={wallet: 1}))[0]).wallets))
    assert isinstance(received, UUID)
    assert (received, hash(received)) == (wallet, hash(wallet))
