"""Executes operations with an access token or without one, by the real identity services and without HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from pocketpay.api.context import Context, Services
from pocketpay.api.loaders import Reads
from pocketpay.api.schema import schema
from pocketpay.api.statement_link import StatementLinks
from pocketpay.database.sessions import Database
from pocketpay.identity.services import IdentityServices
from pocketpay.serving.documents import Documents
from pocketpay.serving.execution import Execution
from pocketpay.serving.limits import Limits
from tests.people import HOME, SECRET, made, receiving


class TokenClient:
    """Executes operations, each with its own access token, network address and user agent."""

    def __init__(self, services: IdentityServices, **overrides: object) -> None:
        self.services = services
        settings = made(**overrides)
        documents = Documents(schema._schema, Limits.of(settings), introspection=True)
        self._execution = Execution(schema._schema, documents)
        self._services = Services(
            settings=settings,
            database=services.database,
            identity=services,
            desk=cast(Any, None),  # no money moves here
            feeds=cast(Any, None),
            reads=Reads(services.database),
            statement_links=StatementLinks(SECRET),
            operators=cast(Any, None),
        )

    async def ask(
        self,
        text: str,
        access_token: str | None = None,
        /,
        *,
        address: str = HOME,
        user_agent: str | None = None,
        **variables: Any,
    ) -> dict[str, Any]:
        """The whole answer, with its errors."""
        viewer = None if access_token is None else await self.services.gate.viewer(access_token)
        context = Context(self._services, viewer, address=address, user_agent=user_agent)
        return (await self._execution.answer(text, None, variables, context)).payload

    async def data(self, text: str, access_token: str | None = None, /, **variables: Any) -> Any:
        """The value of the answer's only field. Asserts that the request has no errors."""
        answer = await self.ask(text, access_token, **variables)
        assert "errors" not in answer, answer
        (value,) = answer["data"].values()
        return value


@asynccontextmanager
async def token_client(database: Database, **overrides: object) -> AsyncIterator[TokenClient]:
    async with receiving(database, **overrides) as services:
        yield TokenClient(services, **overrides)


ERRORS = "errors { __typename code message path retryable ... on RateLimited { retryAfterSeconds } }"
SIGN_UP = (
    "mutation ($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken refreshToken "
    "accessTokenExpiresAt refreshTokenExpiresAt } user { username name email phone role "
    "wallet { currency balance { amount } } sessions { current userAgent } } " + ERRORS + " } }"
)
SIGN_IN = (
    "mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken refreshToken } user { username "
    "sessions { id current userAgent } } " + ERRORS + " } }"
)


async def sign_up(api: TokenClient, username: str = "ada") -> Any:
    """Signs up a user and returns the tokens."""
    form = {"username": username, "name": username.title(), "password": "violet-harbour-19"}
    return (await api.data(SIGN_UP, input=form))["tokens"]
