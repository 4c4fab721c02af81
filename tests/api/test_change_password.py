"""The mutation changePassword."""

from pocketpay.database.sessions import Database
from tests.api.token_client import ERRORS, SIGN_IN, sign_up, token_client
from tests.conftest import Dsns
from tests.people import PASSWORD
from tests.serving.live_server import live
from tests.serving.socket_client import socket

NEW = "amber-lighthouse-42"
CHANGE = (
    "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { user { username "
    "sessions { current } } " + ERRORS + " } }"
)


async def test_changing_the_password_revokes_other_sessions_and_the_old_password(database: Database) -> None:
    async with token_client(database) as api:
        there = (await sign_up(api))["accessToken"]
        here = (await api.data(SIGN_IN, input={"login": "ada", "password": PASSWORD}))["tokens"]["accessToken"]
        passwords = {"currentPassword": PASSWORD, "newPassword": NEW}
        assert await api.data(CHANGE, here, input=passwords) == {
            "user": {"username": "ada", "sessions": [{"current": True}]},
            "errors": [],
        }
        assert await api.data("{ viewer { username } }", here) == {"username": "ada"}
        (error,) = (await api.ask("{ viewer { username } }", there))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
        for password, codes in ((PASSWORD, ["INVALID_CREDENTIALS"]), (NEW, [])):
            payload = await api.data(SIGN_IN, input={"login": "ada", "password": password})
            assert [error["code"] for error in payload["errors"]] == codes


async def test_both_passwords_are_checked_together_and_neither_is_in_an_error_message(database: Database) -> None:
    async with token_client(database) as api:
        here = (await sign_up(api))["accessToken"]
        passwords = {"currentPassword": "not the password", "newPassword": "pocketpay"}
        payload = await api.data(CHANGE, here, input=passwords)
        assert payload["user"] is None
        assert [(error["code"], error["path"], error["retryable"]) for error in payload["errors"]] == [
            ("INVALID_CREDENTIALS", ["input", "currentPassword"], False),
            ("WEAK_PASSWORD", ["input", "newPassword"], False),
        ]
        assert not [
            error for error in payload["errors"] for secret in passwords.values() if secret in error["message"]
        ]


async def test_the_sixth_wrong_password_is_rate_limited_in_the_payload(database: Database) -> None:
    async with token_client(database) as api:
        here = (await sign_up(api))["accessToken"]
        passwords = {"currentPassword": "not the password", "newPassword": NEW}
        answers = [(await api.data(CHANGE, here, input=passwords))["errors"][0] for _ in range(6)]
        assert [error["code"] for error in answers] == ["INVALID_CREDENTIALS"] * 5 + ["RATE_LIMITED"]
        assert (answers[5]["path"], answers[5]["retryable"]) == ([], True)


async def test_an_anonymous_request_cannot_change_a_password(database: Database) -> None:
    async with token_client(database) as api:
        (error,) = (await api.ask(CHANGE, input={"currentPassword": PASSWORD, "newPassword": NEW}))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_changing_the_password_closes_other_sessions_sockets_on_every_server(database_dsn: Dsns) -> None:
    async with (
        live(database_dsn.server) as one,
        live(database_dsn.server) as other,
        token_client(one.services.database) as api,
    ):
        there = await one.arrive("ada")
        here = (await api.data(SIGN_IN, input={"login": "ada", "password": PASSWORD}))["tokens"]["accessToken"]
        async with (
            socket(other.url, there.tokens.access_token) as ends,
            socket(other.url, here) as stays,
        ):
            passwords = {"currentPassword": PASSWORD, "newPassword": NEW}
            assert (await api.data(CHANGE, here, input=passwords))["errors"] == []
            assert await ends.closed() == 4401
            balance = await stays.subscribe("subscription { balanceChanged { balance { amount } } }")
            assert await balance.next() == {"balance": {"amount": "100.00"}}
