"""The mutation updateProfile."""

from typing import Any

import pytest

from pocketpay.database.sessions import Database
from tests.api.token_client import ERRORS, SIGN_UP, sign_up, token_client
from tests.people import PASSWORD, has_verified_email, has_verified_phone

UPDATE = (
    "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { name email phone avatarUrl } "
    + ERRORS
    + " } }"
)
PICTURE = "https://pictures.example.com/ada.png"


async def test_other_users_see_the_new_name_and_picture_but_not_the_email_address(database: Database) -> None:
    async with token_client(database) as api:
        ada, bea = (await sign_up(api))["accessToken"], (await sign_up(api, "bea"))["accessToken"]
        fields = {"name": "Ada L.", "avatarUrl": PICTURE, "email": "ada@example.com", "currentPassword": PASSWORD}
        assert await api.data(UPDATE, ada, input=fields) == {
            "user": {"name": "Ada L.", "email": "ada@example.com", "phone": None, "avatarUrl": PICTURE},
            "errors": [],
        }
        seen = await api.data('{ profile(username: "ada") { name avatarUrl } }', bea)
        assert seen == {"name": "Ada L.", "avatarUrl": PICTURE}


async def test_an_omitted_profile_field_stays_and_null_clears_it(database: Database) -> None:
    async with token_client(database) as api:
        form = {
            "username": "ada",
            "name": "Ada",
            "password": PASSWORD,
            "email": "a@example.com",
            "phone": "+12025550123",
        }
        here = (await api.data(SIGN_UP, input=form))["tokens"]["accessToken"]
        await api.data(UPDATE, here, input={"avatarUrl": PICTURE})
        user = {"name": "Ada", "email": "a@example.com", "phone": "+12025550123", "avatarUrl": PICTURE}
        assert await api.data(UPDATE, here, input={}) == {"user": user, "errors": []}
        cleared = await api.data(UPDATE, here, input={"phone": None, "avatarUrl": None, "currentPassword": PASSWORD})
        assert cleared == {"user": user | {"phone": None, "avatarUrl": None}, "errors": []}


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"name": None}, [("INVALID_INPUT", ["input", "name"])]),
        ({"avatarUrl": "http://example.com/"}, [("INVALID_INPUT", ["input", "avatarUrl"])]),
        ({"email": None}, [("INVALID_CREDENTIALS", ["input", "currentPassword"])]),
        ({"phone": "1", "currentPassword": None}, [
            ("INVALID_INPUT", ["input", "phone"]),
            ("INVALID_CREDENTIALS", ["input", "currentPassword"]),
        ]),
        ({"email": "a@example.com", "currentPassword": "x"}, [("INVALID_CREDENTIALS", ["input", "currentPassword"])]),
        ({"email": "B@EXAMPLE.COM", "phone": "+12025550199", "currentPassword": PASSWORD}, [
            ("EMAIL_TAKEN", ["input", "email"]),
            ("PHONE_TAKEN", ["input", "phone"]),
        ]),
    ],
)  # fmt: skip
async def test_every_refusal_of_a_profile_update_has_the_path_of_its_field(
    database: Database, fields: dict[str, Any], refused: list[tuple[str, list[str]]]
) -> None:
    async with token_client(database) as api:
        here = (await sign_up(api))["accessToken"]
        form = {
            "username": "bea",
            "name": "Bea",
            "password": PASSWORD,
            "email": "b@example.com",
            "phone": "+12025550199",
        }
        await api.data(SIGN_UP, input=form)
        await has_verified_email(database, "bea")
        await has_verified_phone(database, "bea")
        payload = await api.data(UPDATE, here, input=fields)
        assert payload["user"] is None
        assert [(error["code"], error["path"]) for error in payload["errors"]] == refused
        assert await api.data("{ viewer { name email phone } }", here) == {
            "name": "Ada",
            "email": None,
            "phone": None,
        }


async def test_an_anonymous_request_cannot_change_a_profile(database: Database) -> None:
    async with token_client(database) as api:
        (error,) = (await api.ask(UPDATE, input={"name": "Eve"}))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
