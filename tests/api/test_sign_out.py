"""The mutation signOut."""

from pocketpay.database.sessions import Database
from tests.api.token_client import sign_up, token_client

SIGN_OUT = "mutation { signOut { revoked errors { code } } }"


async def test_signing_out_ends_the_session_immediately(database: Database) -> None:
    async with token_client(database) as api:
        api.services.gate.listening = True
        tokens = await sign_up(api)
        assert await api.data("{ viewer { username } }", tokens["accessToken"]) == {"username": "ada"}
        assert await api.data(SIGN_OUT, tokens["accessToken"]) == {"revoked": 1, "errors": []}
        (error,) = (await api.ask("{ viewer { username } }", tokens["accessToken"]))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_anonymous_request_cannot_sign_out(database: Database) -> None:
    async with token_client(database) as api:
        answer = await api.ask(SIGN_OUT)
        assert answer["data"] is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_mutations_after_sign_out_in_the_same_request_are_unauthenticated(database: Database) -> None:
    async with token_client(database) as api:
        token = (await sign_up(api))["accessToken"]
        answer = await api.ask(
            'mutation { signOut { revoked } updateProfile(input: { name: "Eve" }) { user { name } } }', token
        )
        assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
            (["updateProfile"], "UNAUTHENTICATED")
        ]
