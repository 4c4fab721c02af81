"""A wallet server as Strawberry's documentation shows it: its ASGI view, and one SQL call for each field.

    DATABASE_URL=postgresql://… uvicorn benchmarks.peers.strawberry_server:app

With CACHED=1 it has Strawberry's extensions ParserCache and ValidationCache. The schema is that of
mercurius/server.js.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from typing import Annotated

import asyncpg
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache

CONNECTIONS = 16


@strawberry.type
class Account:
    id: strawberry.ID
    balance: str
    version: str


@strawberry.type
class Transfer:
    id: strawberry.ID
    amount: str


Id = Annotated[strawberry.ID, strawberry.argument(name="from")]


@strawberry.type
class Query:
    @strawberry.field
    async def account(self, id: strawberry.ID) -> Account | None:
        row = await app.state.pool.fetchrow(
            "select id::text, balance::text, version::text from accounts where id = $1", int(id)
        )
        return Account(**row) if row else None


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def transfer(self, from_: Id, to: strawberry.ID, amount: str) -> Transfer:
        row = await app.state.pool.fetchrow(
            "select pay($1, $2, $3)::text as id, $3::bigint::text as amount", int(from_), int(to), int(amount)
        )
        return Transfer(**row)


@contextlib.asynccontextmanager
async def _pool(application: Starlette) -> AsyncIterator[None]:
    dsn = os.environ["DATABASE_URL"]
    async with asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as application.state.pool:
        yield


async def _ready(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ready")


EXTENSIONS: list[SchemaExtension] = [ParserCache(maxsize=128), ValidationCache(maxsize=128)]
schema = strawberry.Schema(Query, Mutation, extensions=EXTENSIONS if os.environ.get("CACHED") else [])
app = Starlette(
    routes=[Route("/ready", _ready), Route("/graphql", GraphQL[None, None](schema, graphql_ide=None))],
    lifespan=_pool,
)
