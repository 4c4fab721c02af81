"""The ledger entries of a wallet, as its owner reads them."""

import asyncpg
import uuid_utils.compat as uuids

from pocketpay.ledger import entries
from pocketpay.money import Money
from tests.api.one_server import serving
from tests.conftest import Dsns
from tests.transactions.past import people


async def test_each_party_of_a_payment_reads_only_its_own_entry(database_dsn: Dsns) -> None:
    owner = await asyncpg.connect(database_dsn.owner)
    alice, bob = await people(owner, "alice", "bob")
    await owner.close()
    async with serving(database_dsn.server) as server, server.database.read() as session:
        deposit = await server.deposit(alice, "100.00")
        payment = await server.send(alice, "bob", "30.00")
        wanted = [deposit.id, payment.id, uuids.uuid7()]
        hers = await entries.of_transactions(session, alice, wanted)
        his = await entries.of_transactions(session, bob, wanted)
        assert {id: (line.sequence, line.amount, line.balance_after) for id, line in hers.items()} == {
            deposit.id: (1, Money(10_000, "USD"), Money(10_000, "USD")),
            payment.id: (2, Money(-3_000, "USD"), Money(7_000, "USD")),
        }
        assert {id: (line.sequence, line.amount) for id, line in his.items()} == {
            payment.id: (1, Money(3_000, "USD"))
        }
        ids = [line.id for line in (*hers.values(), *his.values())]
        assert await entries.by_ids(session, alice, ids) == {line.id: line for line in hers.values()}
        assert await entries.by_ids(session, bob, ids) == {line.id: line for line in his.values()}
