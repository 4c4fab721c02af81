"""The query transaction: what each side sees of a transaction."""

from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import pytest
import uuid_utils.compat as uuids

from tests.api.one_server import OneServer, serving
from tests.api.schema_client import NODE, ONE, SchemaClient, transaction_ids
from tests.conftest import Dsns
from tests.transactions.past import payment, people, write

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[OneServer]:
    async with serving(database_dsn.server) as serves:
        yield serves


@pytest.fixture
async def confirming(database_dsn: Dsns) -> AsyncIterator[OneServer]:
    """A server on which every payment waits for confirmation."""
    async with serving(database_dsn.server, confirm_all=True) as serves:
        yield serves


async def test_the_sender_sees_why_a_payment_is_held(owner: Owner, confirming: OneServer) -> None:
    alice, _ = await people(owner, "alice", "bob")
    await confirming.deposit(alice, "100.00")
    held = await confirming.send(alice, "bob", "60.00")
    found = await SchemaClient(confirming).ask(alice, ONE, id=transaction_ids(held.id)[0])
    assert (found["status"], found["direction"], found["isRisky"]) == ("PENDING_CONFIRMATION", "OUTGOING", True)
    assert found["riskReasons"] == [{"rule": "LARGE_TRANSFER", "message": "The amount is above 0.01 USD."}]
    assert found["expiresAt"] > found["createdAt"]
    assert found["completedAt"] is None
    assert found["entries"] == []


async def test_a_reason_of_an_unknown_risk_rule_is_stored_and_not_shown(owner: Owner, confirming: OneServer) -> None:
    alice, _ = await people(owner, "alice", "bob")
    await confirming.deposit(alice, "100.00")
    held = await confirming.send(alice, "bob", "60.00")
    newer = """risk_reasons || '[{"rule": "of_tomorrow", "facts": {"moon": "full"}}]'"""
    await owner.execute(f"update transactions set risk_reasons = {newer} where id = $1", held.id)
    kept = await owner.fetchval("select risk_reasons from transactions where id = $1", held.id)
    api = SchemaClient(confirming)
    found = await api.ask(alice, ONE, id=transaction_ids(held.id)[0])
    assert [reason["rule"] for reason in found["riskReasons"]] == ["LARGE_TRANSFER"]
    await owner.execute("update transactions set risk_reasons = risk_reasons - 0 where id = $1", held.id)
    found = await api.ask(alice, ONE, id=transaction_ids(held.id)[0])
    assert (found["isRisky"], found["riskReasons"]) == (True, [])
    await owner.execute("update transactions set risk_reasons = $2 where id = $1", held.id, kept)
    await confirming.confirm(alice, held.id)
    assert await owner.fetchval("select risk_reasons from transactions where id = $1", held.id) == kept


async def test_each_side_sees_a_completed_payment_from_its_own_side(owner: Owner, confirming: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await confirming.deposit(alice, "100.00")
    held = await confirming.send(alice, "bob", "60.00")
    await confirming.confirm(alice, held.id)
    api = SchemaClient(confirming)
    (id,) = transaction_ids(held.id)
    hers, his = await api.ask(alice, ONE, id=id), await api.ask(bob, ONE, id=id)
    assert (hers["direction"], his["direction"]) == ("OUTGOING", "INCOMING")
    assert hers["counterparty"] == {"username": "bob", "name": "Bob"}
    assert his["counterparty"] == {"username": "alice", "name": "Alice"}
    assert (hers["sender"], hers["recipient"]) == (his["sender"], his["recipient"])
    assert [entry["amount"]["amount"] for entry in hers["entries"]] == ["-60.00"]
    assert [entry["amount"]["amount"] for entry in his["entries"]] == ["60.00"]
    assert [entry["balanceAfter"]["amount"] for entry in hers["entries"]] == ["40.00"]
    assert his["entries"][0]["transaction"] == {"id": id}
    assert hers["isRisky"]
    assert hers["createdAt"] < hers["completedAt"]
    assert (his["isRisky"], his["riskReasons"], his["expiresAt"], his["failureCode"]) == (False, [], None, None)
    assert his["createdAt"] == his["completedAt"] == hers["completedAt"]
    assert his["amount"] == {"amount": "60.00", "currency": "USD", "minorUnits": "6000"}
    assert (his["fee"]["amount"], his["total"]["amount"]) == ("0.00", "60.00")
    assert await api.ask(bob, NODE, id=his["entries"][0]["id"]) == {
        "__typename": "LedgerEntry",
        "id": his["entries"][0]["id"],
    }
    assert await api.ask(bob, NODE, id=hers["entries"][0]["id"]) is None


async def test_only_the_sender_sees_a_failed_payment_and_its_failure_code(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    failed = await server.send(alice, "bob", "60.00")
    api = SchemaClient(server)
    (id,) = transaction_ids(failed.id)
    found = await api.ask(alice, ONE, id=id)
    assert (found["status"], found["failureCode"], found["entries"]) == ("FAILED", "INSUFFICIENT_FUNDS", [])
    assert await api.ask(bob, ONE, id=id) is None


async def test_a_deposit_has_a_bank_and_no_sender(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    deposit = await server.deposit(alice, "100.00")
    found = await SchemaClient(server).ask(alice, ONE, id=transaction_ids(deposit.id)[0])
    assert (found["type"], found["direction"], found["bankName"]) == ("DEPOSIT", "INCOMING", "First")
    assert (found["sender"], found["counterparty"], found["recipient"]) == (None, None, {"username": "alice"})


async def test_a_transaction_of_other_users_is_not_found(owner: Owner, server: OneServer) -> None:
    alice, bob, eve = await people(owner, "alice", "bob", "eve")
    paid = payment(alice, bob)
    await write(owner, [paid])
    api = SchemaClient(server)
    (id,) = transaction_ids(paid.id)
    assert await api.ask(eve, ONE, id=id) is None
    assert await api.ask(eve, NODE, id=id) is None
    for bad in (
        "",
        "transaction_",
        "wallet" + id[11:],
        id[:-1],
        id + "0",
        "nonsense",
        "\x00",
        transaction_ids(uuids.uuid7())[0],
    ):
        assert await api.ask(alice, ONE, id=bad) is None
