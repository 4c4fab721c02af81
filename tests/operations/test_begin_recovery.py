"""An operator begins a recovery: only the customer gets the code, at their verified address, and it is recorded."""

import asyncio

import pytest

from pocketpay.errors import Refusal
from pocketpay.identity.errors import MailUnavailable, RateLimited
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.identity.request_password_reset import request_password_reset
from pocketpay.identity.reset_password import reset_password
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.user import User
from pocketpay.mail.outbox import Outbox
from pocketpay.operations.begin_recovery import begin_recovery
from pocketpay.operator_log.act import Operator
from pocketpay.transactions.errors import InvalidInput
from tests.identity.mailbox import last, mailbox
from tests.operations.locked_out import MAIL, STATE, acting, customer, disagreements, recorded
from tests.operations.operators import OPS
from tests.people import ELSEWHERE, HOME, PASSWORD, LosesReplies, Owner, facts, receiving

NEW = "amber-lighthouse-42"
LEFT = """
select (select count(*) from one_time_challenges), (select count(*) from outgoing_mails),
       (select count(*) from operator_actions)
"""


async def begin(services: IdentityServices, by: Operator = OPS, reason: str = "Lost her password") -> User:
    wallet_id = await services.database.query(
        lambda session: session.fetchval("select wallet_id from users where username = 'ada'")
    )
    return await begin_recovery(services.database, services.outbox, by, wallet_id, raw_reason=reason)


@pytest.mark.parametrize("hash_", [None, NO_PASSWORD], ids=["forgotten", "first"])
async def test_the_customer_sets_a_password_with_the_code_from_the_mail(
    services: IdentityServices, owner: Owner, hash_: str | None
) -> None:
    await customer(services)
    if hash_ is not None:
        await owner.execute("update users set password_hash = $1", hash_)
    assert (await begin(services)).username == "ada"
    (mail,) = await mailbox(services, owner)
    assert (mail.to, mail.kind, mail.username) == (MAIL, "reset_password", "ada")
    await reset_password(services, "ada", ShownCode(code=mail.code), NEW, address=ELSEWHERE)
    await sign_in(services, "ada", NEW, address=HOME, user_agent=None)
    assert await recorded(owner) == [("begin_recovery", "ops", "Lost her password")]
    assert await disagreements(services) == []


async def test_the_record_of_a_recovery_contains_neither_the_code_nor_the_address(
    services: IdentityServices, owner: Owner
) -> None:
    await customer(services)
    await begin(services)
    mail = await last(services, owner)
    act = str(await owner.fetchval("select row_to_json(a)::text from operator_actions a"))
    assert "begin_recovery" in act
    assert len(mail.code.replace(" ", "")) == 8
    for secret in (mail.code, mail.code.replace(" ", ""), MAIL):
        assert secret not in act


@pytest.mark.parametrize(
    ("state", "code", "field"),
    [
        ("gone", "WALLET_CLOSED", None),
        ("frozen for all", "WALLET_FROZEN", "customer"),
        ("without an address", "EMAIL_NOT_VERIFIED", "customer"),
        ("unverified", "EMAIL_NOT_VERIFIED", "customer"),
    ],
)
async def test_a_recovery_that_is_not_possible_is_refused_and_changes_nothing(
    services: IdentityServices, owner: Owner, state: str, code: str, field: str | None
) -> None:
    await customer(services)
    await owner.execute(STATE[state])
    with pytest.raises(Refusal) as refused:
        await begin(services)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert await facts(owner, LEFT) == (0, 0, 0)


async def test_a_customer_frozen_only_for_debits_can_be_recovered(services: IdentityServices, owner: Owner) -> None:
    await customer(services)
    await owner.execute(STATE["frozen for debits"])
    await begin(services)
    assert await facts(owner, LEFT) == (1, 1, 1)


async def test_a_server_without_mail_refuses_and_records_nothing(services: IdentityServices, owner: Owner) -> None:
    ada = await customer(services)
    with pytest.raises(MailUnavailable):
        await begin_recovery(
            services.database, Outbox(is_on=False), OPS, ada.viewer.wallet_id, raw_reason="Lost her password"
        )
    assert await facts(owner, LEFT) == (0, 0, 0)


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "two\nlines"])
async def test_a_recovery_without_a_valid_reason_is_refused(
    services: IdentityServices, owner: Owner, reason: str
) -> None:
    await customer(services)
    with pytest.raises(InvalidInput) as refused:
        await begin(services, reason=reason)
    assert refused.value.field == "reason"
    assert await facts(owner, LEFT) == (0, 0, 0)


async def test_an_operator_cannot_recover_their_own_account_but_another_operator_can(
    services: IdentityServices, owner: Owner
) -> None:
    ada, olga = await customer(services), await customer(services, "olga", "olga@example.com")
    with pytest.raises(Refusal) as refused:
        await begin(services, acting(ada))
    assert (refused.value.code, refused.value.field) == ("FORBIDDEN", "customer")
    assert await facts(owner, LEFT) == (0, 0, 0)
    await begin(services, acting(olga))
    assert await recorded(owner) == [("begin_recovery", "olga", "Lost her password")]


async def test_the_third_mail_within_15_minutes_is_refused_with_the_time_to_wait(
    services: IdentityServices, owner: Owner
) -> None:
    await customer(services)
    await request_password_reset(services, "ada", address=ELSEWHERE)
    await services.afterwards.finish()
    await begin(services)
    earlier = "update one_time_challenges set created_at = created_at - $1::text::interval"
    await owner.execute(earlier, "10 minutes")
    with pytest.raises(RateLimited) as refused:
        await begin(services)
    assert 240 <= refused.value.retry_after_seconds <= 300
    assert await facts(owner, LEFT) == (2, 2, 1)
    await owner.execute(earlier, "5 minutes")
    await begin(services)
    assert await facts(owner, LEFT) == (3, 3, 2)


async def test_concurrent_recoveries_send_two_mails_each_with_its_record(
    services: IdentityServices, owner: Owner
) -> None:
    await customer(services)
    done = await asyncio.gather(*(begin(services) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(one, User) for one in done) == 2
    assert sum(isinstance(one, RateLimited) for one in done) == 4
    assert await facts(owner, LEFT) == (2, 2, 2)
    assert await disagreements(services) == []


async def test_a_recovery_whose_reply_is_lost_is_begun_once(losing: LosesReplies, owner: Owner) -> None:
    async with receiving(losing) as services:
        await customer(services)
        losing.losses = 2
        assert (await begin(services)).username == "ada"
        assert losing.losses == 0
    assert await facts(owner, LEFT) == (1, 1, 1)


async def test_the_password_and_sessions_stay_valid_until_the_customer_sets_a_new_password(
    services: IdentityServices,
) -> None:
    ada = await customer(services)
    await begin(services)
    assert await services.gate.viewer(ada.tokens.access_token) == ada.viewer
    await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=None)
