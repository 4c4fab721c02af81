"""Executes operations for a wallet in this process, without HTTP and without a sign-in."""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

from pocketpay.api import ids
from pocketpay.api.context import Context, Services
from pocketpay.api.loaders import Reads
from pocketpay.api.schema import schema
from pocketpay.api.statement_link import StatementLinks
from pocketpay.database.sessions import Database, Session
from pocketpay.identity.viewer import Viewer
from pocketpay.serving.documents import Documents
from pocketpay.serving.execution import Execution
from pocketpay.serving.limits import Limits
from tests.api.one_server import OneServer
from tests.people import SECRET, made

ALL_FIELDS = """{ id type direction status amount { amount currency minorUnits } fee { amount } total { amount }
  description sender { username } recipient { username } counterparty { username name } bankName isRisky
  riskReasons { rule message } failureCode expiresAt createdAt updatedAt completedAt
  entries { id sequence amount { amount } balanceAfter { amount } description transaction { id } } }"""

ONE = f"query ($id: ID!) {{ transaction(id: $id) {ALL_FIELDS} }}"
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


def transaction_ids(*transactions: UUID) -> list[str]:
    """The ids of transactions as clients see them."""
    return [ids.encode(ids.TRANSACTION, id) for id in transactions]


class CountingDatabase(Database):
    """A database that counts its read sessions."""

    reads = 0

    @asynccontextmanager
    async def read(self, owner: Hashable = None) -> AsyncIterator[Session]:
        self.reads += 1
        async with super().read(owner) as session:
            yield session


class SchemaClient:
    """Executes GraphQL operations over the services of a server."""

    def __init__(self, server: OneServer, database: Database | None = None) -> None:
        settings = made()
        self._execution = Execution(
            schema._schema, Documents(schema._schema, Limits.of(settings), introspection=True)
        )
        self._services = Services(
            settings=settings,
            database=database or server.database,
            identity=cast(Any, None),  # nobody signs in here: `answer` takes the wallet of the viewer
            desk=server.desk,
            feeds=server.feeds,
            reads=Reads(database or server.database),
            statement_links=StatementLinks(SECRET),
            operators=cast(Any, None),
        )

    async def answer(self, wallet_id: UUID | None, text: str, /, **variables: Any) -> dict[str, Any]:
        """The whole answer to the owner of a wallet. None stands for an anonymous request."""
        viewer = None if wallet_id is None else Viewer(wallet_id, wallet_id, wallet_id)
        return (await self._execution.answer(text, None, variables, Context(self._services, viewer))).payload

    async def ask(self, wallet_id: UUID, text: str, /, **variables: Any) -> Any:
        """The value of the answer's only field. Asserts that there are no errors."""
        payload = await self.answer(wallet_id, text, **variables)
        assert "errors" not in payload, payload
        (value,) = payload["data"].values()
        return value

    async def refusal(self, wallet_id: UUID | None, text: str, /, **variables: Any) -> str:
        """The code of the answer's only error."""
        payload = await self.answer(wallet_id, text, **variables)
        (error,) = payload["errors"]
        return str(error["extensions"]["code"])
