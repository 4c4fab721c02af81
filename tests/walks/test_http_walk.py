"""A random walk over HTTP through two servers: after every step, the responses, the rows and an independent model
must agree."""

import random
from contextlib import AsyncExitStack

from pocketpay.identity.user import Role
from tests.api.operators import give_role
from tests.clients import serving
from tests.conftest import Dsns
from tests.payments.customers import records_of
from tests.walks import journal, stored
from tests.walks.http_walk import SETTINGS, HttpWalk

STEPS = 100


async def test_servers_answer_and_store_what_the_model_expects(database_dsn: Dsns) -> None:
    settings = {name.lower(): value for name, value in SETTINGS.items()}
    async with AsyncExitStack() as open_:
        clients = [await open_.enter_async_context(serving(database_dsn.server, **settings)) for _ in range(2)]
        records = await open_.enter_async_context(records_of(database_dsn.server, database_dsn.owner))
        operator = await clients[0].sign_up("olga", currency="USD")
        await give_role(clients[0].services.database, "olga", Role.OPERATOR)
        walk = HttpWalk("a", random.Random(1), lambda: [one.http for one in clients], operator.token)
        await walk.prepare()
        for step in range(STEPS):
            await walk.step(step)
            await stored.compare(records.connection, walk.model, walk.wallets, walk.ids, step)
        await walk.close_a_wallet()
        await stored.compare(records.connection, walk.model, walk.wallets, walk.ids, "the end")
        verdict = await walk.history.check(records.connection)
        assert verdict.is_right, verdict
        assert verdict.acknowledged > STEPS / 5
        assert await records.findings() == []
        assert await journal.problems(records.connection) == []
