"""The owner of a wallet frozen for all is locked out, so that a stolen session or password is of no use."""

from typing import Any

import pytest

from pocketpay.identity.refresh_session import refresh_session
from pocketpay.transactions.errors import WalletFrozen
from tests.api.operators import FREEZE, UNFREEZE, operate, operator
from tests.clients import Client, Person
from tests.people import HOME, PASSWORD, Owner, arrive

OTHER = "copper-lantern-42"
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { tokens { refreshToken } errors { code path } } }"
REFRESH = (
    "mutation ($token: String!) { refreshSession(refreshToken: $token) { tokens { refreshToken } errors { code } } }"
)
CHANGE = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { errors { code } } }"
UPDATE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { name } errors { code } } }"


async def freeze(client: Client, by: Person, what: str) -> None:
    payload = await operate(client, by, FREEZE, input={"wallet": "ada", "freeze": what, "reason": "Stolen phone"})
    assert payload["errors"] == []


async def codes(client: Client, document: str, by: Person | None = None, **variables: Any) -> list[str]:
    (payload,) = (await client.data(document, variables, by=by)).values()
    return [error["code"] for error in payload["errors"]]


async def sign_in(client: Client, password: str) -> list[str]:
    return await codes(client, SIGN_IN, input={"login": "ada", "password": password})


async def refresh_token(client: Client) -> str:
    signed_in = await client.data(SIGN_IN, {"input": {"login": "ada", "password": PASSWORD}})
    token: str = signed_in["signIn"]["tokens"]["refreshToken"]
    return token


async def test_the_owner_of_a_wallet_with_freeze_all_can_neither_sign_in_nor_refresh(client: Client) -> None:
    olga, _ = await operator(client), await client.sign_up("ada")
    token = await refresh_token(client)
    await freeze(client, olga, "ALL")
    assert await sign_in(client, PASSWORD) == ["WALLET_FROZEN"]
    assert await sign_in(client, OTHER) == ["INVALID_CREDENTIALS"]
    for _ in range(2):
        assert await codes(client, REFRESH, token=token) == ["WALLET_FROZEN"]
    await operate(client, olga, UNFREEZE, input={"wallet": "ada", "reason": "Phone found"})
    assert await codes(client, REFRESH, token=token) == [], "the token was not used up"
    assert await sign_in(client, PASSWORD) == []


@pytest.mark.parametrize("current", [PASSWORD, "wrong-password-77"])
async def test_the_owner_of_a_wallet_with_freeze_all_cannot_change_password_or_profile(
    client: Client, owner: Owner, current: str
) -> None:
    """The refusal is the same for a right and a wrong password."""
    olga, ada = await operator(client), await client.sign_up("ada")
    seen = "select md5(u::text) from users u where username = 'ada'"
    before = await owner.fetchval(seen)
    await freeze(client, olga, "ALL")
    tried: list[tuple[str, dict[str, str]]] = [
        (CHANGE, {"currentPassword": current, "newPassword": OTHER}),
        (UPDATE, {"email": "thief@example.com", "currentPassword": current}),
        (UPDATE, {"name": "Somebody else"}),
    ]
    for document, input in tried:
        assert await codes(client, document, ada, input=input) == ["WALLET_FROZEN"]
    assert await owner.fetchval(seen) == before
    shown = await client.data("{ wallet { status freeze } }", by=ada)
    assert shown == {"wallet": {"status": "FROZEN", "freeze": "ALL"}}, "an access token still shows why"


async def test_the_owner_of_a_wallet_frozen_for_debits_is_not_locked_out(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    token = await refresh_token(client)
    await freeze(client, olga, "DEBITS")
    assert await codes(client, REFRESH, token=token) == []
    assert await codes(client, UPDATE, ada, input={"name": "Ada Lovelace"}) == []
    assert await codes(client, CHANGE, ada, input={"currentPassword": PASSWORD, "newPassword": OTHER}) == []
    assert await sign_in(client, OTHER) == []


async def test_a_reused_refresh_token_ends_its_session_even_while_the_wallet_is_frozen(client: Client) -> None:
    """A reused token means that two clients have it, and that one of them has stolen it."""
    olga, _ = await operator(client), await client.sign_up("ada")
    first = await refresh_token(client)
    second = (await client.data(REFRESH, {"token": first}))["refreshSession"]["tokens"]["refreshToken"]
    third = (await client.data(REFRESH, {"token": second}))["refreshSession"]["tokens"]["refreshToken"]
    await freeze(client, olga, "ALL")
    assert await codes(client, REFRESH, token=first) == ["INVALID_TOKEN"]
    await operate(client, olga, UNFREEZE, input={"wallet": "ada", "reason": "Phone found"})
    assert await codes(client, REFRESH, token=third) == ["INVALID_TOKEN"]


async def test_a_lost_refresh_reply_is_not_repeated_while_the_wallet_is_frozen(client: Client) -> None:
    olga = await operator(client)
    admission = await arrive(client.services.identity, "ada", address=HOME)
    token = admission.tokens.refresh_token
    await refresh_session(client.services.identity, token)
    await freeze(client, olga, "ALL")
    with pytest.raises(WalletFrozen):
        await refresh_session(client.services.identity, token)
