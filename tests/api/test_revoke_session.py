"""The mutation revokeSession."""

from pocketpay.database.sessions import Database
from tests.api.token_client import ERRORS, SIGN_IN, sign_up, token_client
from tests.people import PASSWORD

REVOKE = "mutation ($id: ID!) { revokeSession(id: $id) { revoked " + ERRORS + " } }"


async def test_a_session_is_found_by_its_id_until_it_is_revoked(database: Database) -> None:
    async with token_client(database) as api:
        here = (await sign_up(api))["accessToken"]
        there = await api.data(SIGN_IN, input={"login": "ada", "password": PASSWORD})
        id = next(one["id"] for one in there["user"]["sessions"] if one["current"])
        assert id.startswith("session_")
        node = "query ($id: ID!) { node(id: $id) { id ... on Session { current } } }"
        assert await api.data(node, here, id=id) == {"id": id, "current": False}
        assert await api.data(REVOKE, here, id=id) == {"revoked": 1, "errors": []}
        assert await api.data(REVOKE, here, id=id) == {"revoked": 0, "errors": []}
        assert await api.data(node, here, id=id) is None
        (error,) = (await api.ask("{ viewer { name } }", there["tokens"]["accessToken"]))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_mutations_after_revoking_the_own_session_are_unauthenticated(database: Database) -> None:
    async with token_client(database) as api:
        token = (await sign_up(api))["accessToken"]
        (own,) = (await api.data("{ viewer { sessions { id } } }", token))["sessions"]
        both = "mutation ($id: ID!) { revokeSession(id: $id) { revoked } signOut { revoked } }"
        (error,) = (await api.ask(both, token, id=own["id"]))["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["signOut"], "UNAUTHENTICATED")


async def test_other_users_session_ids_and_malformed_ids_are_not_found(database: Database) -> None:
    async with token_client(database) as api:
        here = (await sign_up(api))["accessToken"]
        await sign_up(api, "bea")
        bea = await api.data(SIGN_IN, input={"login": "bea", "password": PASSWORD})
        theirs = bea["user"]["sessions"][0]["id"]
        for id in (theirs, "session_x", theirs.replace("session", "wallet"), "", "\x00", theirs + "0"):
            payload = await api.data(REVOKE, here, id=id)
            assert payload["revoked"] == 0
            assert [(error["code"], error["path"]) for error in payload["errors"]] == [("NOT_FOUND", ["id"])]
        assert await api.data("{ viewer { username } }", bea["tokens"]["accessToken"]) == {"username": "bea"}
