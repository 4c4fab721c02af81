"""Floods of sign-ins: unknown addresses use one hashing thread, and other users do not wait for it."""

import asyncio
import threading

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.identity.change_password import change_password
from pocketpay.identity.errors import InvalidCredentials
from pocketpay.identity.imported_hashes import HashesLeft
from pocketpay.identity.passwords import PATIENCE_SECONDS, QUEUE, Requester
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sign_in import sign_in
from tests.people import HOME, PASSWORD, arrive
from tests.updates.waiting import until

WRONG = "another one altogether"


async def stranger(services: IdentityServices, n: int) -> str:
    try:
        await sign_in(services, f"nobody_{n}", WRONG, address=f"10.{n}.0.1", user_agent=None)
    except (InvalidCredentials, ServiceBusy) as refused:
        return type(refused).__name__
    raise AssertionError("nobody is let in")


async def test_other_users_sign_in_while_the_thread_for_unknown_addresses_is_stuck(
    services: IdentityServices,
) -> None:
    ada = await arrive(services)
    gate = threading.Event()
    services.passwords._threads[Requester.STRANGER].submit(gate.wait)
    flood = [asyncio.create_task(stranger(services, n)) for n in range(3 * QUEUE)]
    try:
        await until(lambda: sum(task.done() for task in flood) >= 2 * QUEUE - 1)
        assert {task.result() for task in flood if task.done()} == {"ServiceBusy"}
        assert sum(not task.done() for task in flood) == QUEUE + 1
        await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=None)
        assert (await change_password(services, ada.viewer, PASSWORD, "amber-lighthouse-42", address=HOME)).user
        assert (await arrive(services, "bea")).user.username == "bea"
    finally:
        gate.set()
        answers = await asyncio.gather(*flood)
    assert answers.count("InvalidCredentials") == QUEUE + 1


async def test_unknown_addresses_are_hashed_by_one_thread_in_order_of_arrival(
    services: IdentityServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await arrive(services)
    threads: dict[str, set[str]] = {}
    compared = services.passwords._verify

    def noted(kept: str | None, password: str, left: HashesLeft) -> object:
        threads.setdefault(password, set()).add(threading.current_thread().name)
        return compared(kept, password, left)

    monkeypatch.setattr(type(services.passwords), "_verify", lambda _, *given: noted(*given))
    await asyncio.gather(*(stranger(services, n) for n in range(QUEUE)))
    await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=None)
    await change_password(services, ada.viewer, PASSWORD, "amber-lighthouse-42", address=HOME)
    assert threads == {WRONG: {"password of stranger_0"}, PASSWORD: {"password of known_0"}}


async def test_one_address_has_one_place_in_the_queue(services: IdentityServices) -> None:
    """A hundred logins tried from one address do not fill the queue."""
    gate = threading.Event()
    services.passwords._threads[Requester.STRANGER].submit(gate.wait)

    async def from_one_address(n: int) -> None:
        with pytest.raises((InvalidCredentials, ServiceBusy)):
            await sign_in(services, f"nobody_{n}", WRONG, address="10.0.0.1", user_agent=None)

    flood = [asyncio.create_task(from_one_address(n)) for n in range(100)]
    another = asyncio.create_task(stranger(services, 1))
    try:
        places = services.passwords._threads[Requester.STRANGER]._places
        await until(lambda: places._value == QUEUE + 1 - 2)
        await asyncio.wait([another], timeout=1.5 * PATIENCE_SECONDS)
        assert not another.done()
    finally:
        gate.set()
        await asyncio.gather(*flood)
    assert await another == "InvalidCredentials"
