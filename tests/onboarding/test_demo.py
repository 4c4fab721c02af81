"""The demo people: creating them again changes nothing, and their books balance."""

import asyncio

import pytest

from pocketpay.cli import demo_people
from pocketpay.database.sessions import Database
from pocketpay.identity.sessions import live
from pocketpay.identity.sign_in import sign_in
from pocketpay.onboarding import demo
from pocketpay.settings import SettingsError
from tests.conftest import Dsns
from tests.people import HOME, Owner, arrive, made, receiving

PAST = """
select u.username, t.type, t.status, count(*)
from transactions t join users u on u.wallet_id = coalesce(t.source_wallet_id, t.destination_wallet_id)
group by 1, 2, 3 order by 1, 2
"""

ASKED = """
select requester.username, payer.username, r.amount, r.status
from money_requests r
join users requester on requester.wallet_id = r.requester_wallet_id
join users payer on payer.wallet_id = r.payer_wallet_id
"""


async def test_creating_the_demo_people_again_changes_nothing(database_dsn: Dsns, owner: Owner) -> None:
    await asyncio.gather(*(demo.seed(made(), database_dsn.server) for _ in range(2)))
    await demo.seed(made(), database_dsn.server)
    assert [tuple(row) for row in await owner.fetch(PAST)] == [
        ("alice", "bonus", "completed", 1),
        ("alice", "deposit", "completed", 1),
        ("alice", "send", "completed", 2),
        ("bob", "bonus", "completed", 1),
        ("bob", "deposit", "completed", 1),
        ("bob", "send", "completed", 1),
        ("carol", "bonus", "completed", 1),
        ("carol", "deposit", "completed", 1),
        ("olivia", "bonus", "completed", 1),
    ]
    balances = await owner.fetch(
        "select u.username, a.posted from ledger_accounts a join users u on u.wallet_id = a.id order by 1"
    )
    assert {row["username"]: row["posted"] for row in balances} == {
        "alice": 156_300,
        "bob": 53_700,
        "carol": 35_000,
        "olivia": 10_000,
    }
    assert await owner.fetchval("select sum(amount) from ledger_entries") == 0
    assert [tuple(row) for row in await owner.fetch(ASKED)] == [("carol", "alice", 2_400, "pending")]
    assert await owner.fetchval("select count(*) from cards") == 1


async def test_demo_people_can_sign_in(database_dsn: Dsns) -> None:
    await demo.seed(made(), database_dsn.server)
    database = await Database.open(database_dsn.server)
    async with receiving(database) as services:
        for username in demo.NAMES:
            admission = await sign_in(services, username, "pocket-pay-demo", address=HOME, user_agent=None)
            assert admission.user.username == username
            assert [one.id for one in await live(services, admission.viewer)] == [admission.viewer.session_id]
    await database.close()


async def test_a_user_with_a_demo_username_and_another_password_is_not_changed(
    database_dsn: Dsns, owner: Owner
) -> None:
    database = await Database.open(database_dsn.server)
    async with receiving(database) as services:
        await arrive(services, "alice")
    await database.close()
    assert await demo.seed(made(), database_dsn.server) == {"bob", "carol", "olivia"}
    assert (
        await owner.fetchval(
            "select count(*) from transactions t join users u on u.wallet_id = "
            "coalesce(t.source_wallet_id, t.destination_wallet_id) where u.username = 'alice' and t.type <> 'bonus'"
        )
        == 0
    )


@pytest.mark.parametrize("overrides", [{"environment": "production"}, {"database_url": "postgresql://elsewhere/x"}])
async def test_demo_people_are_refused_in_production_and_on_an_external_database(
    database_dsn: Dsns, owner: Owner, overrides: dict[str, str]
) -> None:
    with pytest.raises(SettingsError):
        await demo.seed(made(**overrides), database_dsn.server)
    assert await owner.fetchval("select count(*) from users") == 0


async def test_demo_people_have_money_in_the_servers_currency(database_dsn: Dsns, owner: Owner) -> None:
    yen = made(currencies="JPY", welcome_bonus="0", large_transfer_threshold="100000")
    await demo.seed(yen, database_dsn.server)
    assert await owner.fetchval("select sum(posted) from ledger_accounts where currency = 'JPY'") == 2_150


async def test_one_demo_user_is_an_operator_and_the_grant_is_recorded(database_dsn: Dsns, owner: Owner) -> None:
    for _ in range(2):
        await demo_people.make(made(), database_dsn.server)
    assert await owner.fetchval("select array_agg(username) from users where role = 'operator'") == ["olivia"]
    assert await owner.fetchval("select count(*) from operator_actions") == 1


async def test_an_existing_user_with_the_demo_operators_username_gets_no_role(
    database_dsn: Dsns, owner: Owner
) -> None:
    database = await Database.open(database_dsn.server)
    async with receiving(database) as services:
        await arrive(services, demo.OPERATOR)
    await database.close()
    await demo_people.make(made(), database_dsn.server)
    assert await owner.fetchval("select count(*) from users where role = 'operator'") == 0
