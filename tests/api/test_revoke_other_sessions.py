"""The mutation revokeOtherSessions."""

from pocketpay.database.sessions import Database
from tests.api.token_client import SIGN_IN, sign_up, token_client
from tests.people import PASSWORD


async def test_revoking_other_sessions_ends_all_but_the_current_one(database: Database) -> None:
    async with token_client(database) as api:
        here = (await sign_up(api))["accessToken"]
        for _ in range(2):
            await api.data(SIGN_IN, input={"login": "ada", "password": PASSWORD})
        assert await api.data("mutation { revokeOtherSessions { revoked errors { code } } }", here) == {
            "revoked": 2,
            "errors": [],
        }
        assert await api.data("{ viewer { sessions { current } } }", here) == {"sessions": [{"current": True}]}
