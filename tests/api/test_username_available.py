"""The query usernameAvailable: a sign-up form checks whether a username is valid and free."""

from typing import Any

import pytest

from pocketpay.database.sessions import Database
from tests.api.token_client import ERRORS, SIGN_UP, TokenClient, sign_up, token_client
from tests.people import ELSEWHERE, PASSWORD, Owner

CHECK = "query ($username: String!) { usernameAvailable(username: $username) { available username " + ERRORS + " } }"
FREE = {"available": True, "username": "ada", "errors": []}


async def refused(api: TokenClient, username: str, **where: Any) -> tuple[bool | None, str]:
    """The field `available` and the error code for a username that cannot be chosen."""
    payload = await api.data(CHECK, username=username, **where)
    (error,) = payload["errors"]
    assert payload["username"] is None
    return payload["available"], error["code"]


async def test_a_username_is_available_until_it_is_taken(database: Database) -> None:
    async with token_client(database) as api:
        assert await api.data(CHECK, username=" Ada ") == FREE
        await sign_up(api)
        (error,) = (await api.data(CHECK, username="ADA"))["errors"]
        assert (error["code"], error["path"], error["retryable"]) == ("USERNAME_TAKEN", ["username"], False)
        assert await refused(api, "ADA") == (False, "USERNAME_TAKEN")
        assert (await api.data(CHECK, username="ada_"))["available"]


@pytest.mark.parametrize("username", ["ab", "a" * 31, "a b", "@ada", "аda", "admin", "closed_1", "pocketpay_help"])
async def test_a_username_is_checked_by_the_same_rules_as_at_sign_up(database: Database, username: str) -> None:
    async with token_client(database) as api:
        (error,) = (await api.data(CHECK, username=username))["errors"]
        form = {"username": username, "name": "Ada", "password": PASSWORD}
        (of_sign_up,) = (await api.data(SIGN_UP, input=form))["errors"]
        assert error["code"] == of_sign_up["code"] == "INVALID_INPUT"
        assert error["message"] == of_sign_up["message"]
        assert (error["path"], of_sign_up["path"]) == (["username"], ["input", "username"])


async def test_an_address_that_checks_usernames_too_often_is_rate_limited(database: Database) -> None:
    async with token_client(database, sign_up_rate_per_hour=2) as api:
        await sign_up(api)
        assert await refused(api, "ada") == (False, "USERNAME_TAKEN")
        assert (await api.data(CHECK, username="bea"))["available"]
        for username in ("ada", "bea"):
            assert await refused(api, username) == (None, "RATE_LIMITED")
        assert await refused(api, "ada", address=ELSEWHERE) == (False, "USERNAME_TAKEN")


async def test_checks_do_not_use_up_sign_ups_and_malformed_names_do_not_use_up_checks(
    database: Database, owner: Owner
) -> None:
    async with token_client(database, sign_up_rate_per_hour=1) as api:
        for _ in range(3):
            assert await refused(api, "a b") == (False, "INVALID_INPUT")
        assert await owner.fetchval("select count(*) from throttles") == 0
        assert await api.data(CHECK, username="ada") == FREE
        assert await refused(api, "ada") == (None, "RATE_LIMITED")
        await sign_up(api)
