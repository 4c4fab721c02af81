"""A small set of wallets with real payments through the clearing, for tests that then damage the books."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg
import uuid_utils.compat as uuids

from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.terms import Terms
from pocketpay.database.sessions import Database
from pocketpay.identity.closing_user import ClosingUser
from pocketpay.ledger.repository.postings import ensure_house_accounts
from pocketpay.money import Money
from pocketpay.onboarding.close_wallet import CloseWallet
from pocketpay.onboarding.repository import people as onboarding
from pocketpay.onboarding.repository.people import Newcomer
from pocketpay.payments.cancel import cancel
from pocketpay.payments.close_card import close_card
from pocketpay.payments.confirm import confirm
from pocketpay.payments.deposit import deposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.issue_card import issue_card
from pocketpay.payments.pay_request import pay_request
from pocketpay.payments.refund import refund
from pocketpay.payments.request_money import request_money
from pocketpay.payments.resolve import Resolver
from pocketpay.payments.simulate_card_payment import simulate_card_payment
from pocketpay.payments.transfer import transfer
from pocketpay.payments.withdraw import withdraw
from pocketpay.risk.rule import RuleAction
from pocketpay.settings import Settings
from pocketpay.settings import SimulatedBank as Manner
from tests.conftest import Dsns
from tests.operations import operators_of_the_town
from tests.transactions.past import people


@dataclass(frozen=True)
class Town:
    """The ids in the database by name: wallets, transactions, and entries as `<transaction>_<wallet>`."""

    names: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.names[name]


@asynccontextmanager
async def open_desk(dsn: str) -> AsyncIterator[Desk]:
    """Opens a desk on that database with one risk rule: payments of 50.00 or more are large."""
    settings = Settings.model_validate(
        {
            "large_transfer_threshold": "50.00",
            "new_recipient_action": RuleAction.OFF,
            "rapid_transfer_action": RuleAction.OFF,
        }
    )
    database = await Database.open(dsn, readers=2, writers=1)
    async with database.write() as session:
        house = await ensure_house_accounts(session, settings.served_currencies)
    clearing = Clearing(database, Terms.of(settings), house)
    await clearing.start()
    try:
        yield Desk(database, clearing, Resolver(database), SimulatedBank())
    finally:
        await clearing.close()
        await database.close()


async def trade(dsns: Dsns) -> Town:
    """Alice, Bob and Carol deposit, pay, request and withdraw money; Dan has only his welcome bonus, Erin pays by
    card, operators act on payments of Frank and Gina, and Gina closes her wallet."""
    owner = await asyncpg.connect(dsns.owner)
    try:
        names = ("alice", "bob", "carol", "erin", "frank", "gina")
        wallets = dict(zip(names, await people(owner, *names), strict=True))
        async with open_desk(dsns.server) as desk:
            transactions = await _payments(desk, wallets)
            cards = await _cards(desk, wallets["erin"], transactions)
            await operators_of_the_town.act(desk, wallets, transactions)
            cards |= await _leave(owner, desk, wallets["gina"])
            wallets["dan"], transactions["bonus"] = await _welcome(desk.database)
        return Town(await _names(owner, wallets, transactions) | cards | await operators_of_the_town.names(owner))
    finally:
        await owner.close()


async def _payments(desk: Desk, wallets: dict[str, UUID]) -> dict[str, UUID]:
    done = {}

    async def bring(name: str, who: str, amount: str) -> None:
        answer = await deposit(
            desk, wallets[who], raw_amount=amount, raw_bank_name="First Bank", raw_key=f"key-of-{name}"
        )
        done[name] = answer.transaction.id

    async def pay(name: str, payer: str, payee: str, amount: str) -> None:
        answer = await transfer(
            desk, wallets[payer], raw_to=payee, raw_amount=amount, raw_description=name, raw_key=f"key-of-{name}"
        )
        done[name] = answer.transaction.id

    async def take_out(name: str, at: Desk, who: str, amount: str) -> None:
        answer = await withdraw(
            at,
            wallets[who],
            raw_amount=amount,
            raw_bank_name="First Bank",
            speed=Speed.INSTANT,
            raw_key=f"key-of-{name}",
        )
        done[name] = answer.transaction.id

    async def give_back(name: str, what: str, who: str, amount: str) -> None:
        answer = await refund(
            desk, wallets[who], done[what], raw_amount=amount, raw_reason=name, raw_key=f"key-of-{name}"
        )
        done[name] = answer.transaction.id

    async def ask(name: str, asker: str, of: str, amount: str) -> None:
        answer = await request_money(
            desk, wallets[asker], raw_from=of, raw_amount=amount, raw_description=name, raw_key=f"key-of-{name}"
        )
        done[name] = answer.requests[0].id

    async def pay_asked(name: str, payer: str, asked: str) -> None:
        done[name] = (await pay_request(desk, wallets[payer], done[asked], raw_key=f"key-of-{name}")).transaction.id

    await bring("deposit", "alice", "100.00")
    await bring("bobs_deposit", "bob", "200.00")
    await bring("carols_deposit", "carol", "10.00")
    await bring("erins_deposit", "erin", "50.00")
    await bring("franks_deposit", "frank", "40.00")
    await pay("franks_payment", "frank", "gina", "6.00")
    await pay("given", "bob", "alice", "8.00")
    await give_back("partly", "given", "alice", "3.00")
    await give_back("rest", "given", "alice", "5.00")
    await pay("sent", "alice", "bob", "30.00")
    await pay("confirmed", "bob", "alice", "61.00")
    await confirm(desk, wallets["bob"], done["confirmed"])
    await pay("cancelled", "bob", "alice", "62.00")
    await cancel(desk, wallets["bob"], done["cancelled"])
    await pay("pending", "alice", "bob", "60.00")
    await pay("failed", "carol", "bob", "999.00")
    await take_out("withdrawn", desk, "bob", "20.00")
    await ask("asked", "carol", "bob", "3.00")
    await ask("asked_and_paid", "bob", "alice", "4.00")
    await pay_asked("paid", "alice", "asked_and_paid")
    await ask("asked_and_held", "alice", "bob", "55.00")
    await pay_asked("waiting", "bob", "asked_and_held")
    await pay("last", "bob", "carol", "5.00")
    silent = replace(desk, bank=SimulatedBank(Manner.FLAKY, chance=lambda: 0.0))
    await take_out("unsettled", silent, "carol", "2.00")
    return done


async def _cards(desk: Desk, erin: UUID, done: dict[str, UUID]) -> dict[str, str]:
    """Issues Erin's cards, and returns their ids by name: one that pays, and one that is closed."""
    cards = {}
    for name in ("card", "closed_card"):
        issued = await issue_card(desk, erin, raw_label=name, raw_monthly_limit="40.00", raw_key=f"key-of-{name}")
        cards[name] = issued.card.id
    await close_card(desk, erin, cards["closed_card"])
    for name, amount in (("groceries", "12.00"), ("too_dear", "999.00")):
        answer = await simulate_card_payment(
            desk, erin, cards["card"], raw_merchant=name, raw_amount=amount, raw_key=f"key-of-{name}"
        )
        done[name] = answer.transaction.id
    return {name: str(id) for name, id in cards.items()}


async def _leave(owner: "asyncpg.Connection[asyncpg.Record]", desk: Desk, gina: UUID) -> dict[str, str]:
    """Closes Gina's wallet; her session and card end with it. Her money request is left for the sweeper."""
    card = await issue_card(desk, gina, raw_label="ginas_card", raw_key="key-of-ginas_card")
    asked = await request_money(
        desk, gina, raw_from="bob", raw_amount="2.00", raw_description="Lunch", raw_key="key-of-ginas_request"
    )
    user_id: UUID = await owner.fetchval("select id from users where wallet_id = $1", gina)
    await owner.execute(
        "insert into sessions (id, user_id, created_at, last_used_at, expires_at) "
        "values (gen_random_uuid(), $1, now(), now(), now() + interval '1 day')",
        user_id,
    )
    await desk.submit(CloseWallet(gina, ClosingUser.of(user_id, "none")))
    return {"ginas_card": str(card.card.id), "ginas_request": str(asked.requests[0].id)}


async def _welcome(database: Database) -> tuple[UUID, UUID]:
    dan, bonus = uuids.uuid7(), uuids.uuid7()
    newcomer = Newcomer(
        user_id=uuids.uuid7(),
        wallet_id=dan,
        username="dan",
        name="Dan",
        email=None,
        phone=None,
        password_hash="none",
        bonus=Money(10_000, "USD"),
        bonus_id=bonus,
        entry_ids=(uuids.uuid7(), uuids.uuid7()),
    )
    async with database.write() as session:
        await onboarding.write(session, newcomer)
    return dan, bonus


async def _names(
    owner: "asyncpg.Connection[asyncpg.Record]", wallets: dict[str, UUID], transactions: dict[str, UUID]
) -> dict[str, str]:
    house = await owner.fetch("select id, kind from ledger_accounts where kind <> 'wallet'")
    accounts = {**{id: name for name, id in wallets.items()}, **{row["id"]: row["kind"] for row in house}}
    intents = {id: name for name, id in transactions.items()}
    entries = await owner.fetch("select id, transaction_id, account_id from ledger_entries")
    names = {name: str(id) for id, name in (*accounts.items(), *intents.items())}
    for row in entries:
        names[f"{intents[row['transaction_id']]}_{accounts[row['account_id']]}"] = str(row["id"])
    hour = "select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24') from transactions where id = $1"
    users = await owner.fetch("select u.id, u.wallet_id from users u")
    names |= {f"{accounts[row['wallet_id']]}_user": str(row["id"]) for row in users}
    names["hour"] = await owner.fetchval(hour, transactions["sent"])
    return names
