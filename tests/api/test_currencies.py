"""The query currencies: the currencies of a server, without a session."""

from tests.api.token_client import SIGN_UP
from tests.clients import PASSWORD, Client, serving
from tests.conftest import Dsns

CURRENCIES = "{ currencies { code name digits } }"


async def test_an_anonymous_request_lists_the_currencies_with_the_default_first(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, currencies="KWD,JPY,usd") as client:
        assert (await client.data(CURRENCIES))["currencies"] == [
            {"code": "KWD", "name": "Kuwaiti Dinar", "digits": 3},
            {"code": "JPY", "name": "Yen", "digits": 0},
            {"code": "USD", "name": "US Dollar", "digits": 2},
        ]


async def test_sign_up_accepts_every_listed_currency_and_uses_its_digits(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, currencies="USD,JPY", welcome_bonus="1") as client:
        for served in (await client.data(CURRENCIES))["currencies"]:
            digits = await digits_after_sign_up(client, served["code"])
            assert digits == served["digits"], served


async def digits_after_sign_up(client: Client, code: str) -> int:
    form = {"username": f"ada_{code}", "name": "Ada", "password": PASSWORD, "currency": code}
    payload = (await client.data(SIGN_UP, {"input": form}))["signUp"]
    assert payload["errors"] == []
    wallet = payload["user"]["wallet"]
    assert wallet["currency"] == code
    return len(wallet["balance"]["amount"].partition(".")[2])
