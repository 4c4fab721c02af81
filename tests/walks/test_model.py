"""Long random walks: after every step, the product and an independent model must agree.

WALKS and FIRST_WALK in the environment set their number and the first seed: `make model`.
"""

import ast
import importlib
import os
import pkgutil
import random
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import pocketpay
from pocketpay.cards.card import CardStatus
from pocketpay.clearing.instruction import Instruction
from pocketpay.database.sessions import Database
from pocketpay.money import Money
from pocketpay.payments.split_bill import shares
from pocketpay.requests.money_request import RequestStatus
from pocketpay.transactions.lifecycle import Status
from tests import model as its_package
from tests.bank_faults import test_walks
from tests.conftest import Dsns
from tests.model.money_requests import shares_of
from tests.model.recovery import Account, Recovery
from tests.model.recovery_customer import RecoveryCustomer
from tests.model.recovery_orders import Reset, ShowCode
from tests.payments.customers import open_desk, records_of
from tests.people import PASSWORD, Owner, receiving
from tests.walks.desk_walk import DeskWalk
from tests.walks.recovery_walk import PEOPLE, RecoveryWalk
from tests.walks.table_walk import TableWalk

WALKS = int(os.environ.get("WALKS", "12"))
FIRST_WALK = int(os.environ.get("FIRST_WALK", "0"))
STEPS_AT_DESKS = 250
STEPS_OF_RECOVERY = 150


def test_the_model_shares_no_code_with_the_product() -> None:
    (folder,) = its_package.__path__
    for file in Path(folder).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("pocketpay")], file


def rules_of_the_product() -> set[type[Instruction]]:
    """Returns every class with a footprint and a decide(), in every package."""
    names = [one.name for one in pkgutil.walk_packages(pocketpay.__path__, "pocketpay.")]
    modules = [importlib.import_module(name) for name in names if name != "pocketpay.__main__"]
    found = {thing for module in modules for thing in vars(module).values() if isinstance(thing, type)}
    return {thing for thing in found if {"footprint", "decide"} <= vars(thing).keys()} - {Instruction}


def test_walks_reach_every_rule_and_every_state() -> None:
    """Every class with a footprint and a decide() is a rule, so a new rule without a model fails here. The rules of
    bank accounts have walks of their own, which must reach them."""
    rules = rules_of_the_product() - test_walks.RULES
    states: set[str] = {*Status, *RequestStatus, *CardStatus}
    walked: set[type[Instruction]] = set()
    reached: set[str] = set()
    for seed in range(10):
        walk = TableWalk(seed)
        for step in range(100):
            walk.step((seed, step))
        walked, reached = walked | walk.rules, reached | walk.reached
        if walked >= rules and reached >= states:
            break
    assert walked == rules
    assert reached == states


@pytest.mark.parametrize("with_me", [True, False])
def test_split_shares_equal_the_shares_of_the_model(with_me: bool) -> None:
    for among in range(1, 21):
        for total in range(among + with_me, 90):
            split = shares(Money(total, "USD"), among=among, include_me=with_me)
            assert [one.minor for one in split][:among] == shares_of(total, among, with_me=with_me)
            assert sum(one.minor for one in split) == total


@pytest.mark.parametrize("seed", range(FIRST_WALK, FIRST_WALK + WALKS))
def test_rules_decide_like_the_model(seed: int) -> None:
    TableWalk(seed).run()


@pytest.mark.parametrize("seed", range(FIRST_WALK, FIRST_WALK + max(WALKS // 6, 1)))
async def test_the_clearing_behaves_like_the_model(database_dsn: Dsns, seed: int) -> None:
    chance = random.Random(seed)
    async with (
        open_desk(database_dsn.server) as first,
        open_desk(database_dsn.server) as second,
        records_of(database_dsn.server, database_dsn.owner) as records,
    ):
        walk = DeskWalk(chance, [first, second], records)
        await walk.prepare()
        for step in range(STEPS_AT_DESKS):
            await walk.step((seed, step))
        await walk.compare_at_the_end(seed)
        await records.reopen_wallets()
        assert await records.findings() == []
        assert walk.replays > 10


def verified(model: Recovery) -> set[tuple[str, str]]:
    """Returns the verified contacts, with their users."""
    return {
        (contact, who)
        for who, account in model.accounts.items()
        for contact, one in account.contacts.items()
        if one.verified
    }


def test_random_recovery_orders_reach_every_answer() -> None:
    """The orders include right, wrong, used and expired codes, and an address that moves from one user to another."""
    met = set()
    for seed in range(40):
        model = Recovery({name: Account(PASSWORD) for name in PEOPLE})
        for name in PEOPLE:
            model.open_session(name)
        people = RecoveryCustomer(random.Random(seed), model)
        for _ in range(STEPS_OF_RECOVERY):
            order = people.order()
            state, before = "", verified(model)
            if isinstance(order, ShowCode | Reset):
                sent = model.challenges[order.shown.challenge]
                state = "used" if sent.used else "expired" if sent.over else "live" if order.shown.right else "wrong"
            met.add((type(order).__name__, state, model.carry_out(order)))
            if isinstance(order, ShowCode):
                met |= {("moved", "", contact) for contact, _ in before - verified(model)}
    assert met >= {
        *{("SignIn", "", answer) for answer in ("ok", "INVALID_CREDENTIALS")},
        *{("ChangePassword", "", answer) for answer in ("ok", "INVALID_CREDENTIALS")},
        *{("Give", "", answer) for answer in ("ok", "INVALID_CREDENTIALS", "EMAIL_TAKEN", "PHONE_TAKEN")},
        *{("RequestCode", "", answer) for answer in ("ok", "INVALID_INPUT")},
        *{("moved", "", contact) for contact in ("email", "phone")},
        *{(verb, "live", answer) for verb in ("ShowCode", "Reset") for answer in ("ok", "INVALID_CODE")},
        *{(verb, state, "INVALID_CODE") for verb in ("ShowCode", "Reset") for state in ("wrong", "used", "expired")},
    }


@pytest.mark.parametrize("seed", range(FIRST_WALK, FIRST_WALK + max(WALKS // 6, 1)))
async def test_recovery_behaves_like_the_model(database_dsn: Dsns, owner: Owner, seed: int) -> None:
    async with AsyncExitStack() as open_:
        servers = []
        for _ in range(2):
            database = await Database.open(database_dsn.server)
            open_.push_async_callback(database.close)
            servers.append(await open_.enter_async_context(receiving(database)))
        walk = RecoveryWalk(random.Random(seed), servers, owner)
        await walk.prepare()
        for step in range(STEPS_OF_RECOVERY):
            await walk.step((seed, step))
