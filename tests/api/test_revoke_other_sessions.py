"""The mutation revokeOtherSessions."""

from pocketpay.database.sessions import Database
from tests.api.at_the_door import SIGN_IN, newcomer, street
from tests.people import PASSWORD


async def test_revoking_other_sessions_ends_all_but_the_current_one(database: Database) -> None:
    async with street(database) as at:
        here = (await newcomer(at))["accessToken"]
        for _ in range(2):
            await at.data(SIGN_IN, input={"login": "ada", "password": PASSWORD})
        assert await at.data("mutation { revokeOtherSessions { revoked errors { code } } }", here) == {
            "revoked": 2,
            "errors": [],
        }
        assert await at.data("{ viewer { sessions { current } } }", here) == {"sessions": [{"current": True}]}
