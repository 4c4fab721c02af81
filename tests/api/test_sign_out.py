"""The mutation signOut."""

from pocketpay.database.sessions import Database
from tests.api.at_the_door import newcomer, street

SIGN_OUT = "mutation { signOut { revoked errors { code } } }"


async def test_signing_out_ends_the_session_immediately(database: Database) -> None:
    async with street(database) as at:
        at.services.gate.listening = True
        tokens = await newcomer(at)
        assert await at.data("{ viewer { username } }", tokens["accessToken"]) == {"username": "ada"}
        assert await at.data(SIGN_OUT, tokens["accessToken"]) == {"revoked": 1, "errors": []}
        (error,) = (await at.ask("{ viewer { username } }", tokens["accessToken"]))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_anonymous_request_cannot_sign_out(database: Database) -> None:
    async with street(database) as at:
        answer = await at.ask(SIGN_OUT)
        assert answer["data"] is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_mutations_after_sign_out_in_the_same_request_are_unauthenticated(database: Database) -> None:
    async with street(database) as at:
        token = (await newcomer(at))["accessToken"]
        answer = await at.ask(
            'mutation { signOut { revoked } updateProfile(input: { name: "Eve" }) { user { name } } }', token
        )
        assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
            (["updateProfile"], "UNAUTHENTICATED")
        ]
