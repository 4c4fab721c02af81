"""Sign-in with logins that were pasted, or typed in another spelling."""

from pocketpay.identity.profiles import by_username
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sign_in import sign_in
from tests.people import HOME, PASSWORD, arrive


async def test_sign_in_accepts_a_pasted_login_and_any_spelling_of_the_domain(
    services: IdentityServices,
) -> None:
    ada = await arrive(services, raw_email="Ada@bücher.example")
    for login in (
        "\u2068ada\u2069",
        "\u202a@ADA\u202c ",
        "\u00a0ada@bücher.example\u200b",
        "ADA@BÜCHER.example",
        "ada@bu\u0308cher.example",
        "ada@xn--bcher-kva.example",
    ):
        assert (await sign_in(services, login, PASSWORD, address=HOME, user_agent=None)).user == ada.user
    async with services.database.read() as session:
        found = await by_username(session, "\u2068@ada\u2069")
    assert found is not None
    assert found.user_id == ada.user.id
