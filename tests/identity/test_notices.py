"""The mail about a changed password."""

from typing import Any

from pocketpay.identity.change_password import change_password
from pocketpay.identity.services import Admission, IdentityServices
from tests.people import HOME, PASSWORD, Owner, arrive, receiving

NEW = "copper-lantern-42"
FOUND = "select kind, recipient from outgoing_mails where user_id = $1 and kind = 'password_changed' order by id"


async def mails(owner: Owner, ada: Admission) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await owner.fetch(FOUND, ada.user.id)]


async def test_a_changed_password_sends_a_mail_to_the_user(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, "ada", raw_email="ada@example.com")
    await owner.execute("update users set email_verified_at = now() where id = $1", ada.user.id)
    assert (await change_password(services, ada.viewer, "wrong", NEW, address=HOME)).refusals
    assert await mails(owner, ada) == []
    assert not (await change_password(services, ada.viewer, PASSWORD, NEW, address=HOME)).refusals
    assert await mails(owner, ada) == [("password_changed", "ada@example.com")]


async def test_no_mail_is_sent_when_mail_is_off_or_no_address_is_verified(
    services: IdentityServices, owner: Owner
) -> None:
    bob = await arrive(services, "bob", raw_email="bob@example.com")
    assert not (await change_password(services, bob.viewer, PASSWORD, NEW, address=HOME)).refusals
    assert await mails(owner, bob) == []
    async with receiving(services.database, environment="production") as off:
        ada = await arrive(off, "ada", raw_email="ada@example.com")
        await owner.execute("update users set email_verified_at = now() where id = $1", ada.user.id)
        assert not (await change_password(off, ada.viewer, PASSWORD, NEW, address=HOME)).refusals
    assert await mails(owner, ada) == []
