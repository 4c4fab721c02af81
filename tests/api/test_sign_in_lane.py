"""Attackers guess a customer's password: the customer can still sign in, and no answer reveals who has an account."""

import re
from datetime import timedelta
from typing import Any

import pytest

from pocketpay.database.sessions import Database
from tests.api.token_client import SIGN_IN, SIGN_UP, TokenClient, sign_up, token_client
from tests.clients import serving
from tests.conftest import Dsns
from tests.people import PASSWORD, Owner, has_verified_email

WRONG = "another one altogether"
PHONE = "203.0.113.200"
CHANGE = (
    "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { user { username } errors { code } } }"
)
UPDATE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { email } errors { code } } }"
CLOSE = "mutation ($password: String!) { closeWallet(password: $password) { revoked errors { code } } }"


async def sign_in(api: TokenClient, login: str, password: str, address: str) -> Any:
    return await api.data(SIGN_IN, input={"login": login, "password": password}, address=address)


async def codes(api: TokenClient, login: str, times: int, address: str) -> list[str]:
    payloads = [await sign_in(api, login, WRONG, address) for _ in range(times)]
    return [error["code"] for payload in payloads for error in payload["errors"]]


async def flood(api: TokenClient, login: str = "ada") -> None:
    """Makes two wrong guesses from each of forty addresses in different networks."""
    for n in range(40):
        await codes(api, login, 2, f"10.{n}.0.1")


async def pass_time(owner: Owner, seconds: float) -> None:
    earlier = timedelta(seconds=seconds)
    await owner.execute(
        "update sign_in_turns set begins_at = begins_at - $1::interval, ends_at = ends_at - $1::interval, "
        "expires_at = expires_at - $1::interval",
        earlier,
    )
    await owner.execute(
        "update sign_in_lanes set first_at = first_at - $1::interval, crowded_at = crowded_at - $1::interval, "
        "further_at = further_at - $1::interval",
        earlier,
    )


async def test_a_flood_of_guesses_does_not_block_sign_in_at_the_address_of_the_sign_up(database: Database) -> None:
    async with token_client(database) as api:
        await sign_up(api)
        await flood(api)
        payload = await api.data(SIGN_IN, input={"login": "ada", "password": PASSWORD})
        assert payload["errors"] == []


async def test_a_new_address_gets_the_time_to_retry_and_can_sign_in_then(database: Database, owner: Owner) -> None:
    async with token_client(database) as api:
        await sign_up(api)
        await flood(api)
        (error,) = (await sign_in(api, "ada", PASSWORD, PHONE))["errors"]
        assert (error["code"], error["retryable"]) == ("RATE_LIMITED", True)
        (seconds,) = re.findall(r"in (\d+) seconds", error["message"])
        await pass_time(owner, int(seconds))
        await flood(api)
        payload = await sign_in(api, "ada", PASSWORD, PHONE)
        assert payload["errors"] == []
        assert payload["user"]["username"] == "ada"


async def test_a_flood_of_guesses_does_not_block_a_signed_in_user_who_gives_the_password(database: Database) -> None:
    """The requests come from a new address, as from a phone that has changed its network."""
    async with token_client(database) as api:
        ada = await sign_up(api)
        await flood(api)
        token, new = ada["accessToken"], "amber-lighthouse-42"
        change = {"currentPassword": PASSWORD, "newPassword": new}
        assert (await api.data(CHANGE, token, input=change, address=PHONE))["errors"] == []
        update = {"currentPassword": new, "email": "ada@example.com"}
        assert (await api.data(UPDATE, token, input=update, address=PHONE))["errors"] == []


async def test_a_flood_of_guesses_does_not_block_closing_a_wallet(database_dsn: Dsns, database: Database) -> None:
    async with serving(database_dsn.server) as client, token_client(database) as api:
        ada = await client.sign_up("ada", address="198.51.100.77")
        await flood(api)
        closed = (await client.data(CLOSE, {"password": PASSWORD}, by=ada))["closeWallet"]
        assert [error["code"] for error in closed["errors"]] == ["BALANCE_NOT_ZERO"]  # the password was right


async def test_a_signed_in_user_is_rate_limited_by_their_own_wrong_passwords(database: Database) -> None:
    async with token_client(database) as api:
        ada = await sign_up(api)
        change = {"currentPassword": WRONG, "newPassword": "amber-lighthouse-42"}
        answers = [(await api.data(CHANGE, ada["accessToken"], input=change))["errors"][0]["code"] for _ in range(6)]
        assert answers == ["INVALID_CREDENTIALS"] * 5 + ["RATE_LIMITED"]
        assert (await api.data(SIGN_IN, input={"login": "ada", "password": PASSWORD}))["errors"] == []


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("{}", "@{}"),
        ("{}", "{}@example.com"),
        ("{}@example.com", "{}"),
        ("{}@example.com", " {}@EXAMPLE.COM"),
        ("{}@example.com", "{}@exa\0mple.com"),
        ("{}@example.com", "{}@example\u3002com"),
    ],
)
async def test_the_sign_in_counters_do_not_reveal_whether_an_account_exists(
    database: Database, first: str, then: str
) -> None:
    """Five guesses with one spelling and two with another get the same answers for an existing and a missing user."""
    async with token_client(database) as api:
        form = {"username": "ada", "name": "Ada", "password": PASSWORD, "email": "ada@example.com"}
        await api.data(SIGN_UP, input=form)
        seen = {
            name: await codes(api, first.format(name), 5, PHONE) + await codes(api, then.format(name), 2, PHONE)
            for name in ("ada", "eve")
        }
        assert seen["ada"] == seen["eve"]


async def test_a_signed_in_user_cannot_probe_many_email_addresses(database: Database) -> None:
    """A successful change used to reset the count, which allowed four probes after each change without end."""
    async with token_client(database) as api:
        ada = await sign_up(api)
        form = {"username": "bea", "name": "Bea", "password": PASSWORD, "email": "bea@example.com"}
        await api.data(SIGN_UP, input=form)
        await has_verified_email(database, "bea")
        answers = []
        for n in range(12):
            email = "bea@example.com" if n % 3 else f"ada{n}@example.com"
            update = {"currentPassword": PASSWORD, "email": email}
            payload = await api.data(UPDATE, ada["accessToken"], input=update)
            answers.append([error["code"] for error in payload["errors"]])
        assert answers == [[] if n % 3 == 0 else ["EMAIL_TAKEN"] for n in range(10)] + [["RATE_LIMITED"]] * 2
