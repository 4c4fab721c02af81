"""Mails about a changed account: to whom, and when none is sent."""

from typing import Any

import pytest

from pocketpay.identity.change_password import change_password
from pocketpay.identity.changes import Wish
from pocketpay.identity.reception import Admission, Reception
from pocketpay.identity.update_profile import update_profile
from tests.people import HOME, PASSWORD, Owner, arrive, receiving

NEW = "copper-lantern-42"
FOUND = "select kind, recipient, facts ->> 'now' from outgoing_mails where user_id = $1 order by id"


async def mails(owner: Owner, ada: Admission) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await owner.fetch(FOUND, ada.user.id)]


async def test_changed_password_is_told_to_the_user(reception: Reception, owner: Owner) -> None:
    ada = await arrive(reception, "ada", raw_email="ada@example.com")
    assert (await change_password(reception, ada.viewer, "wrong", NEW, address=HOME)).refusals
    assert await mails(owner, ada) == []
    assert not (await change_password(reception, ada.viewer, PASSWORD, NEW, address=HOME)).refusals
    assert await mails(owner, ada) == [("password_changed", "ada@example.com", None)]


@pytest.mark.parametrize(("new", "shown"), [("other@example.org", "o…@example.org"), (None, "none")])
async def test_changed_address_is_told_to_the_old_one(
    reception: Reception, owner: Owner, new: str | None, shown: str
) -> None:
    ada = await arrive(reception, "ada", raw_email="ada@example.com")
    wish = Wish(raw_email=new, current_password=PASSWORD)
    assert not (await update_profile(reception, ada.viewer, wish, address=HOME)).refusals
    assert await mails(owner, ada) == [("email_changed", "ada@example.com", shown)]


async def test_same_address_another_name_and_a_first_address_are_told_to_nobody(
    reception: Reception, owner: Owner
) -> None:
    ada = await arrive(reception, "ada", raw_email="ada@example.com")
    for wish in (
        Wish(raw_email="ada@example.com", current_password=PASSWORD),
        Wish(raw_name="Ada Lovelace"),
        Wish(raw_phone="+44 20 7946 0958", current_password=PASSWORD),
    ):
        assert not (await update_profile(reception, ada.viewer, wish, address=HOME)).refusals
    assert await mails(owner, ada) == []
    bob = await arrive(reception, "bob")
    wish = Wish(raw_email="bob@example.com", current_password=PASSWORD)
    assert not (await update_profile(reception, bob.viewer, wish, address=HOME)).refusals
    assert await mails(owner, bob) == []


async def test_nothing_is_put_where_mail_is_off(reception: Reception, owner: Owner) -> None:
    async with receiving(reception.database, environment="production") as off:
        ada = await arrive(off, "ada", raw_email="ada@example.com")
        assert not (await change_password(off, ada.viewer, PASSWORD, NEW, address=HOME)).refusals
    assert await mails(owner, ada) == []
