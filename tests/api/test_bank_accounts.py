"""Bank accounts by GraphQL: linked, listed, used, removed and followed live by their owner; returns for operators."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import uuid_utils.compat as uuids

from pocketpay.api import ids
from pocketpay.banking.bank import BankReply, BankUse, LinkStatus, OrderState
from pocketpay.payments.refresh import refresh_bank_account, refresh_order
from tests.api.operators import operate, operator
from tests.clients import PASSWORD, Client, Person, serving
from tests.conftest import Dsns
from tests.payments import customers
from tests.payments import hosted_bank as banks
from tests.payments.customers import new_key
from tests.payments.hosted_bank import HostedBank, hosted
from tests.serving.live_server import LiveServer, live
from tests.serving.socket_client import socket

ACCOUNT = "{ __typename id bankName last4 status uses currency createdAt updatedAt }"
ERRORS = "errors { __typename code message path retryable ... on RateLimited { retryAfterSeconds } }"
LINK = f"""mutation ($input: LinkBankAccountInput!) {{ linkBankAccount(input: $input) {{ bankAccount {ACCOUNT} url
  {ERRORS} }} }}"""
REMOVE = f"""mutation ($input: RemoveBankAccountInput!) {{ removeBankAccount(input: $input) {{ bankAccount {ACCOUNT}
  {ERRORS} }} }}"""
LIST = f"""query ($first: Int, $after: String) {{ bankAccounts(first: $first, after: $after) {{ totalCount
  nodes {ACCOUNT} pageInfo {{ hasNextPage endCursor }} }} }}"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on BankAccount {ACCOUNT} }} }}"
PAYMENT = """{ replayed transaction { id status description bankName title refunded { amount }
  bankAccount { id status last4 } refunds { description amount { amount } bankAccount { id } } } ERRORS }""".replace(
    "ERRORS", ERRORS
)
DEPOSIT = f"mutation ($input: DepositInput!) {{ deposit(input: $input) {PAYMENT} }}"
WITHDRAW = f"mutation ($input: WithdrawInput!) {{ withdraw(input: $input) {PAYMENT} }}"
RETURNS = """{ operations { openBankReturns { totalCount nodes { returned { amount } outstanding { amount currency }
  reason openedAt updatedAt transaction { type amount { amount } recipient { username } } } } } }"""
ACTIONS = "{ operations { actions { nodes { kind operator reason } } } }"
UPDATES = "subscription ($since: DateTime) { bankAccountUpdated(since: $since) { id status bankName updatedAt } }"
CHANGES = "subscription { transactionUpdated { type status description refunded { amount } } }"


@pytest.fixture
async def client(database_dsn: Dsns) -> AsyncIterator[Client]:
    async with serving(database_dsn.server) as client:
        yield client


def with_hosted_bank(client: Client) -> HostedBank:
    """Gives the server a provider with a hosted flow."""
    bank, context = HostedBank(), client.app.state.server_context
    context.services = replace(client.services, desk=hosted(client.services.desk, bank))
    return bank


async def link(client: Client, by: Person, use: str = "DEPOSIT", key: str | None = None) -> Any:
    input = {"use": use, "idempotencyKey": key or new_key()}
    return (await client.data(LINK, {"input": input}, by=by))["linkBankAccount"]


async def pay(client: Client, by: Person, document: str, **input: Any) -> Any:
    input = {"amount": "10.00", "idempotencyKey": new_key()} | input
    (payload,) = (await client.data(document, {"input": input}, by=by)).values()
    return payload


async def says(client: Client, bank: HostedBank, id: str, status: LinkStatus) -> None:
    """The provider says that about a link, and somebody asks it."""
    uuid = ids.decode(ids.BANK_ACCOUNT, id)
    assert uuid is not None
    bank.says(uuid, status, uses=tuple(BankUse))
    await refresh_bank_account(client.services.desk, uuid)


async def test_the_simulated_bank_links_at_once_and_its_account_pays_both_ways(client: Client) -> None:
    ada, key = await client.sign_up("ada"), new_key()
    first = await link(client, ada, key=key)
    assert (first["url"], first["errors"]) == (None, [])
    account = first["bankAccount"]
    assert {name: account[name] for name in ("__typename", "bankName", "status", "uses", "currency")} == {
        "__typename": "BankAccount",
        "bankName": "Simulated Bank",
        "status": "ACTIVE",
        "uses": ["DEPOSIT", "WITHDRAWAL"],
        "currency": "USD",
    }
    assert await link(client, ada, key=key) == first
    assert (await client.data(NODE, {"id": account["id"]}, by=ada))["node"] == account
    for document, amount in ((DEPOSIT, "50.00"), (WITHDRAW, "20.00")):
        paid = await pay(client, ada, document, amount=amount, bankAccountId=account["id"])
        assert paid["errors"] == []
        transaction = paid["transaction"]
        assert (transaction["status"], transaction["bankName"], transaction["title"]) == (
            "COMPLETED",
            "Simulated Bank",
            "Simulated Bank",
        )
        assert transaction["description"].endswith(f"Simulated Bank ending in {account['last4']}")
        assert transaction["bankAccount"] == {"id": account["id"], "status": "ACTIVE", "last4": account["last4"]}
    by_name = await pay(client, ada, DEPOSIT, bankName="First Bank")
    assert (by_name["transaction"]["bankAccount"], by_name["errors"]) == (None, [])


async def test_the_list_has_the_owners_accounts_newest_first_in_pages_without_removed_ones(client: Client) -> None:
    ada, bob = await client.sign_up("ada"), await client.sign_up("bob")
    made = [(await link(client, ada))["bankAccount"]["id"] for _ in range(4)]
    await link(client, bob)
    removed = (await client.data(REMOVE, {"input": {"bankAccountId": made[1]}}, by=ada))["removeBankAccount"]
    assert (removed["bankAccount"]["status"], removed["errors"]) == ("REMOVED", [])
    first = (await client.data(LIST, {"first": 2}, by=ada))["bankAccounts"]
    rest = (await client.data(LIST, {"first": 2, "after": first["pageInfo"]["endCursor"]}, by=ada))["bankAccounts"]
    assert [one["id"] for one in (*first["nodes"], *rest["nodes"])] == [made[3], made[2], made[0]]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (
        3,
        True,
        False,
    )
    assert (await client.data(NODE, {"id": made[1]}, by=ada))["node"]["status"] == "REMOVED"
    assert (await client.data(NODE, {"id": made[0]}, by=bob))["node"] is None


async def test_only_the_owner_removes_or_uses_a_bank_account(client: Client) -> None:
    ada, eve = await client.sign_up("ada"), await client.sign_up("eve")
    account = (await link(client, ada))["bankAccount"]["id"]
    unknown = ids.encode(ids.BANK_ACCOUNT, uuids.uuid7())
    for id in (account, unknown, account[:-1], "bank_account_", ""):
        removed = (await client.data(REMOVE, {"input": {"bankAccountId": id}}, by=eve))["removeBankAccount"]
        paid = await pay(client, eve, DEPOSIT, bankAccountId=id)
        for payload in (removed, paid):
            (error,) = payload["errors"]
            assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "bankAccountId"])
            assert error["message"] == "No bank account has this id."


async def test_a_hosted_flow_is_followed_until_the_account_can_be_used(client: Client) -> None:
    bank = with_hosted_bank(client)
    ada, key = await client.sign_up("ada"), new_key()
    first, again = await link(client, ada, key=key), await link(client, ada, key=key)
    account = first["bankAccount"]
    assert (account["status"], account["bankName"], account["last4"], account["uses"]) == (
        "PENDING",
        None,
        None,
        ["DEPOSIT"],
    )
    assert first["url"].startswith("https://bank.example/")
    assert again["url"] != first["url"]

    async def refused(**input: Any) -> tuple[str, list[str], bool]:
        (error,) = (await pay(client, ada, DEPOSIT, **input))["errors"]
        return error["code"], error["path"], error["retryable"]

    mine = {"bankAccountId": account["id"]}
    assert await refused(**mine) == ("BANK_ACCOUNT_PENDING", ["input", "bankAccountId"], True)
    assert await refused(**mine, bankName="First Bank") == ("INVALID_INPUT", ["input", "bankName"], False)
    assert await refused(bankName="First Bank") == ("INVALID_INPUT", ["input", "bankAccountId"], False)
    assert await refused() == ("INVALID_INPUT", ["input", "bankAccountId"], False)
    await says(client, bank, account["id"], LinkStatus.ACTIVE)
    assert (await pay(client, ada, DEPOSIT, **mine))["transaction"]["status"] == "COMPLETED"
    await says(client, bank, account["id"], LinkStatus.FAILED)
    assert await refused(**mine) == ("BANK_ACCOUNT_UNUSABLE", ["input", "bankAccountId"], False)


async def test_a_provider_that_is_down_and_too_many_accounts_are_refused_with_clear_words(client: Client) -> None:
    bank = with_hosted_bank(client)
    ada, key = await client.sign_up("ada"), new_key()
    bank.down = True
    (error,) = (await link(client, ada, key=key))["errors"]
    assert (error["code"], error["path"], error["retryable"]) == ("BANK_UNAVAILABLE", [], True)
    bank.down = False
    assert (await link(client, ada, key=key))["url"] is not None
    for _ in range(9):
        await link(client, ada)
    (error,) = (await link(client, ada))["errors"]
    assert (error["__typename"], error["code"], error["retryAfterSeconds"]) == ("RateLimited", "RATE_LIMITED", None)


async def test_closing_a_wallet_removes_its_bank_accounts(client: Client) -> None:
    bank = with_hosted_bank(client)
    ada = await client.sign_up("ada")
    account = (await link(client, ada))["bankAccount"]["id"]
    await says(client, bank, account, LinkStatus.ACTIVE)
    await pay(client, ada, WITHDRAW, amount="100.00", bankAccountId=account)  # the welcome bonus
    close = "mutation ($password: String!) { closeWallet(password: $password) { errors { code } } }"
    assert (await client.data(close, {"password": PASSWORD}, by=ada))["closeWallet"]["errors"] == []
    uuid = ids.decode(ids.BANK_ACCOUNT, account)
    assert uuid is not None
    refreshed = await refresh_bank_account(client.services.desk, uuid)
    assert refreshed is not None
    assert refreshed.status is LinkStatus.REMOVED
    assert [one.id for one in bank.removed] == [uuid]


async def test_operators_see_what_banks_took_back_and_the_books_do_not_have(client: Client) -> None:
    bank = with_hosted_bank(client)
    olga, ada = await operator(client), await client.sign_up("ada")
    account = (await link(client, ada))["bankAccount"]["id"]
    await says(client, bank, account, LinkStatus.ACTIVE)
    paid = (await pay(client, ada, DEPOSIT, bankAccountId=account))["transaction"]
    await pay(client, ada, WITHDRAW, amount="107.00", bankAccountId=account)  # with the welcome bonus
    uuid = ids.decode(ids.TRANSACTION, paid["id"])
    assert uuid is not None
    bank.orders[uuid] = OrderState(BankReply.SETTLED, returned=1_000, why="debit_not_authorized")
    await refresh_order(client.services.desk, uuid)
    found = (await operate(client, olga, RETURNS))["nodes"]
    assert [
        {name: value for name, value in one.items() if name not in ("openedAt", "updatedAt")} for one in found
    ] == [
        {
            "returned": {"amount": "10.00"},
            "outstanding": {"amount": "7.00", "currency": "USD"},
            "reason": "debit_not_authorized",
            "transaction": {"type": "DEPOSIT", "amount": {"amount": "10.00"}, "recipient": {"username": "ada"}},
        }
    ]
    act = (await operate(client, olga, ACTIONS))["nodes"][0]
    assert (act["kind"], act["operator"]) == ("FREEZE", "Pocket Pay")


# ---------------------------------------------------------------- live


@pytest.fixture
async def here(database_dsn: Dsns) -> AsyncIterator[LiveServer]:
    async with live(database_dsn.server) as started:
        yield started


async def test_changes_of_a_bank_account_and_a_return_arrive_live(here: LiveServer) -> None:
    bank = HostedBank()
    desk = hosted(here.services.desk, bank)
    ada, eve = [await here.arrive(name) for name in ("ada", "eve")]
    owner = customers.Person("ada", ada.viewer.user_id, ada.viewer.wallet_id, "USD")
    async with (
        socket(here.url, ada.tokens.access_token) as hers,
        socket(here.url, eve.tokens.access_token) as strangers,
    ):
        seen, history, eve_sees = (
            await hers.subscribe(UPDATES),
            await hers.subscribe(CHANGES),
            await strangers.subscribe(UPDATES),
        )
        for subscription in (seen, history, eve_sees):
            await subscription.nothing(0.05)
        account = (await banks.link(desk, owner)).account
        first = await seen.next()
        assert (first["id"], first["status"]) == (ids.encode(ids.BANK_ACCOUNT, account.id), "PENDING")
        bank.says(account.id, LinkStatus.ACTIVE, uses=tuple(BankUse))
        refreshed = await refresh_bank_account(desk, account.id)
        assert refreshed is not None
        while (event := await seen.next())["status"] == "PENDING":
            pass  # the reference of the link
        assert (event["status"], event["bankName"]) == ("ACTIVE", "First Bank")
        paid = (await banks.pay_in_from(desk, refreshed, "10.00")).transaction
        bank.orders[paid.id] = OrderState(BankReply.SETTLED, returned=400)
        await refresh_order(desk, paid.id)
        refund = await history.next()
        while refund["type"] != "REFUND":
            refund = await history.next()
        assert (refund["status"], refund["description"]) == ("COMPLETED", "Returned by the bank")
        await eve_sees.nothing(0)
        missed = await hers.subscribe(UPDATES, since=first["updatedAt"])
        assert (await missed.next())["status"] == "ACTIVE"
