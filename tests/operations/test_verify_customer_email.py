"""An operator verifies the email address that the customer has given, and it is recorded."""

import asyncio

import pytest

from pocketpay.errors import Refusal
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.user import User
from pocketpay.operations.verify_customer_email import verify_customer_email
from pocketpay.operator_log.act import Operator
from pocketpay.transactions.errors import InvalidInput
from tests.operations.locked_out import MAIL, STATE, acting, customer, disagreements, recorded
from tests.operations.operators import OPS
from tests.people import LosesReplies, Owner, arrive, receiving

VERIFIED = "select username from users where email_verified_at is not null order by username"


async def verify(
    services: IdentityServices,
    email: str = MAIL,
    by: Operator = OPS,
    reason: str = "Showed her passport",
    username: str = "ada",
) -> tuple[User, bool]:
    wallet_id = await services.database.query(
        lambda session: session.fetchval("select wallet_id from users where username = $1", username)
    )
    return await verify_customer_email(services.database, by, wallet_id, raw_email=email, raw_reason=reason)


async def verified(owner: Owner) -> list[str]:
    return [row["username"] for row in await owner.fetch(VERIFIED)]


@pytest.mark.parametrize("typed", [MAIL, " ADA@Example.COM "])
async def test_the_address_is_verified_and_the_action_is_recorded(
    services: IdentityServices, owner: Owner, typed: str
) -> None:
    await arrive(services, raw_email=MAIL)
    user, changed = await verify(services, typed)
    assert (user.username, user.email, user.email_verified, changed) == ("ada", MAIL, True, True)
    assert await verified(owner) == ["ada"]
    assert await recorded(owner) == [("verify_email", "ops", "Showed her passport")]
    assert await disagreements(services) == []


async def test_the_record_does_not_contain_the_address(services: IdentityServices, owner: Owner) -> None:
    await arrive(services, raw_email=MAIL)
    await verify(services)
    assert MAIL not in str(await owner.fetchval("select row_to_json(a)::text from operator_actions a"))


async def test_an_address_belongs_to_the_customer_it_was_verified_for_last(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services, raw_email="Ada@example.com")
    await customer(services, "bea")
    await verify(services)
    assert await verified(owner) == ["ada"]


async def test_verifying_a_verified_address_changes_and_records_nothing(
    services: IdentityServices, owner: Owner
) -> None:
    await customer(services)
    since = await owner.fetchval("select email_verified_at from users")
    user, changed = await verify(services)
    assert (user.email_verified, changed) == (True, False)
    assert await owner.fetchval("select email_verified_at from users") == since
    assert await recorded(owner) == []


@pytest.mark.parametrize(
    ("state", "email", "code", "field"),
    [
        ("unverified", "adam@example.com", "INVALID_INPUT", "email"),
        ("without an address", MAIL, "INVALID_INPUT", "customer"),
        ("gone", MAIL, "WALLET_CLOSED", None),
    ],
)
async def test_an_address_that_is_not_the_customers_is_refused_and_nothing_changes(
    services: IdentityServices, owner: Owner, state: str, email: str, code: str, field: str | None
) -> None:
    await arrive(services, raw_email=MAIL)
    await owner.execute(STATE[state])
    with pytest.raises(Refusal) as refused:
        await verify(services, email)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert await verified(owner) == []
    assert await recorded(owner) == []


async def test_an_invalid_address_and_a_missing_reason_are_refused(services: IdentityServices, owner: Owner) -> None:
    await arrive(services, raw_email=MAIL)
    with pytest.raises(InvalidProfile) as no_address:
        await verify(services, "ada")
    assert no_address.value.field == "email"
    with pytest.raises(InvalidInput) as no_reason:
        await verify(services, reason=" ")
    assert no_reason.value.field == "reason"
    assert await verified(owner) == []


async def test_an_operator_cannot_verify_their_own_address_but_another_operator_can(
    services: IdentityServices, owner: Owner
) -> None:
    ada, olga = await arrive(services, raw_email=MAIL), await arrive(services, "olga")
    with pytest.raises(Refusal) as refused:
        await verify(services, by=acting(ada))
    assert (refused.value.code, refused.value.field) == ("FORBIDDEN", "customer")
    assert await verified(owner) == []
    assert await recorded(owner) == []
    await verify(services, by=acting(olga))
    assert await verified(owner) == ["ada"]


async def test_the_address_of_a_fully_frozen_customer_can_be_verified(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services, raw_email=MAIL)
    await owner.execute(STATE["frozen for all"])
    assert (await verify(services))[1]


async def test_a_verification_by_several_operators_at_once_is_recorded_once(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services, raw_email=MAIL)
    done = await asyncio.gather(*(verify(services) for _ in range(6)))
    assert sorted(changed for _, changed in done) == [False] * 5 + [True]
    assert len(await recorded(owner)) == 1
    assert await disagreements(services) == []


async def test_one_address_verified_for_several_customers_at_once_belongs_to_one(
    services: IdentityServices, owner: Owner
) -> None:
    names = ("ada", "bea", "cid")
    for name in names:
        await arrive(services, name, raw_email=MAIL)
    for _ in range(6):
        await asyncio.gather(*(verify(services, username=name) for name in names))
        assert len(await verified(owner)) == 1
    assert await disagreements(services) == []


async def test_a_verification_whose_reply_is_lost_is_recorded_once(losing: LosesReplies, owner: Owner) -> None:
    async with receiving(losing) as services:
        await arrive(services, raw_email=MAIL)
        losing.losses = 2
        user, changed = await verify(services)
        assert (user.email_verified, changed) == (True, True)
    assert len(await recorded(owner)) == 1


async def test_the_audit_finds_nothing_after_an_address_changes_and_is_verified_again(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services, raw_email=MAIL)
    await verify(services)
    await owner.execute("update users set email = 'adam@example.com'")
    assert await disagreements(services) == []
    await verify(services, "adam@example.com")
    assert len(await recorded(owner)) == 2
    assert await disagreements(services) == []
