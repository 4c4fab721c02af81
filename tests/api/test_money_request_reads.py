"""The number of reads for a list of money requests does not depend on its length."""

from uuid import UUID

import asyncpg

from pocketpay.payments.pay_request import pay_request
from pocketpay.payments.request_money import request_money
from tests.api.one_server import OneServer, serving
from tests.api.schema_client import CountingDatabase, SchemaClient
from tests.conftest import Dsns
from tests.payments.customers import new_key
from tests.transactions.past import people

LIST = """{ moneyRequests { totalCount nodes { id requester { username } payer { username }
  transaction { id status moneyRequest { id status } } } } }"""


async def request_from(server: OneServer, requester: UUID, of: str) -> UUID:
    answer = await request_money(
        server.desk, requester, raw_from=of, raw_amount="1.00", raw_description="Lunch", raw_key=new_key()
    )
    return answer.requests[0].id


async def test_a_list_of_money_requests_of_any_length_takes_five_reads(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    ada, bob, cyd = await people(owner, "ada", "bob", "cyd")
    counts = await CountingDatabase.open(database_dsn.server)
    async with serving(database_dsn.server) as server:
        await server.deposit(bob, "50.00")
        api, reads = SchemaClient(server, counts), []
        for _ in range(2):
            for _ in range(2):
                request = await request_from(server, ada, "bob")
                await pay_request(server.desk, bob, request, raw_key=new_key())
                await request_from(server, cyd, "ada")
            counts.reads = 0
            listed = await api.ask(ada, LIST)
            reads.append(counts.reads)
            paid = [one for one in listed["nodes"] if one["transaction"] is not None]
            assert len(paid) * 2 == len(listed["nodes"]) == listed["totalCount"]
            assert {one["transaction"]["moneyRequest"]["status"] for one in paid} == {"PAID"}
    await counts.close()
    assert reads == [5, 5]
