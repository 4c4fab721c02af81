"""Passwords: which ones are refused, and how they are stored."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from time import process_time

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.database.failures import ServiceBusy
from pocketpay.identity.errors import Weakness
from pocketpay.identity.guessing import guessable
from pocketpay.identity.passwords import Passwords, Requester, weakness
from tests.people import PASSWORD

pytestmark = pytest.mark.usefixtures("real_hashes")

ADA = ("ada_l", "Ada Lovelace", "ada.lovelace@example.com")


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    opened = Passwords()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "password",
    [
        "Password123!",
        "Passw0rd!2024",
        "123456789012",
        "qwertyuiop12",
        "aaaaaaaaaaaa",
        "monkeymonkey",
        "abcabcabcabc",
        "1q2w3e4r5t6y",
        "abcdefghijkl",
        "ADA_L_2024!!!",
        "AdaLovelace1",
        "ada.lovelace1",
        "Lovelace2024",
        "pocketpay2024",
    ],
)
def test_common_and_personal_passwords_are_refused(password: str) -> None:
    assert weakness(password, ADA) is Weakness.GUESSABLE


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "pocket-pay-demo",
        "correct horse battery staple",
        "длинный пароль",
        "7391-fox-8842-77",
        "Str0ng-Passw0rd!",
        " spaces are fine ",
        "tr0ub4dor&3-and-more",
        "\x00\x01nul-is-a-character",
    ],
)
def test_a_password_of_any_characters_is_accepted(password: str) -> None:
    assert weakness(password, ADA) is None


def test_a_password_has_12_to_256_characters() -> None:
    assert weakness("v1olet-harb") is Weakness.TOO_SHORT
    assert weakness("violet-harbour-" + "ab3!" * 60 + "x") is None
    assert weakness("violet-harbour-" + "ab3!" * 60 + "xy") is Weakness.TOO_LONG
    assert weakness("violet-harbour-\ud800") is Weakness.UNREADABLE


@given(st.text(min_size=12, max_size=256), st.text(max_size=100))
def test_any_password_can_be_validated(password: str, name: str) -> None:
    guessable(password, [name])


def test_the_slowest_password_to_validate_takes_little_time() -> None:
    began = process_time()
    for password in ("4@8({[<369g!i1|70$5+7%xz2" * 10, "a" * 256, "ab" * 128, "1" * 256):
        guessable(password, ADA)
    assert process_time() - began < 0.1


async def test_a_password_is_stored_as_argon2id_and_verifies(passwords: Passwords) -> None:
    kept = await passwords.hash(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await passwords.verify(kept, PASSWORD)).matches
    assert not (await passwords.verify(kept, PASSWORD + " ")).matches
    assert not (await passwords.verify(kept, PASSWORD.upper())).matches


async def test_every_character_of_a_long_password_counts(passwords: Passwords) -> None:
    long = "violet-harbour-" + "ab3!" * 60
    kept = await passwords.hash(long)
    assert (await passwords.verify(kept, long)).matches
    assert not (await passwords.verify(kept, long[:-1])).matches
    assert not (await passwords.verify(kept, long + "\ud800" * 100_000)).matches


async def test_a_hash_with_outdated_parameters_is_replaced_when_it_verifies(passwords: Passwords) -> None:
    outdated = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    verdict = await passwords.verify(outdated, PASSWORD)
    assert verdict.matches
    assert verdict.rehashed is not None
    assert (await passwords.verify(verdict.rehashed, PASSWORD)).rehashed is None
    assert (await passwords.verify(outdated, "another one altogether")).rehashed is None


async def test_the_password_of_an_unknown_user_is_hashed_like_a_wrong_password(passwords: Passwords) -> None:
    kept = await passwords.hash(PASSWORD)

    async def quickest(hashed: str | None) -> float:
        seconds = []
        for _ in range(5):
            began = process_time()  # CPU time: other work on the machine does not count
            assert not (await passwords.verify(hashed, "another one altogether")).matches
            seconds.append(process_time() - began)
        return min(seconds)

    assert await quickest(None) > 0.5 * await quickest(kept)


async def test_a_broken_hash_matches_no_password(passwords: Passwords) -> None:
    assert not (await passwords.verify("", PASSWORD)).matches
    assert not (await passwords.verify("$argon2id$broken", PASSWORD)).matches


async def test_too_many_concurrent_hashes_are_refused_as_busy_and_the_others_are_computed() -> None:
    passwords = Passwords(queue=2, patience_seconds=0.05)
    gate = threading.Event()
    passwords._threads[Requester.KNOWN].submit(gate.wait)
    try:
        waiting = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(5)]
        results_busy, _ = await asyncio.wait(waiting, timeout=0.5)
        assert len(results_busy) == 2
        assert all(isinstance(task.exception(), ServiceBusy) for task in results_busy)
        gate.set()
        served = await asyncio.gather(*(task for task in waiting if task not in results_busy))
        assert all(kept.startswith("$argon2id") for kept in served)
        assert (await passwords.hash(PASSWORD)).startswith("$argon2id")
    finally:
        gate.set()
        passwords.close()


def test_a_hash_that_finishes_after_its_event_loop_logs_no_error(caplog: pytest.LogCaptureFixture) -> None:
    passwords = Passwords()
    begun, gate = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        gate.wait()

    async def leave() -> None:
        task = asyncio.create_task(passwords._threads[Requester.KNOWN].run(slow))
        while not begun.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.001)
        task.cancel()

    try:
        asyncio.run(leave())
    finally:
        gate.set()
        passwords._threads[Requester.KNOWN]._thread.shutdown(wait=True)
    # asyncio itself logs at level DEBUG which selector a new loop uses.
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG] == []


async def test_a_cancelled_caller_frees_its_place_in_the_queue() -> None:
    passwords = Passwords(queue=0, patience_seconds=1.0)
    try:
        for _ in range(5):
            cancelled = asyncio.create_task(passwords.hash(PASSWORD))
            await asyncio.sleep(0)
            cancelled.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cancelled
        assert (await passwords.hash(PASSWORD)).startswith("$argon2id")
    finally:
        passwords.close()
