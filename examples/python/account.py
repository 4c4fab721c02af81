"""The generated client for one signed-in user. It sends the access token, and refreshes it when it has expired."""

import asyncio
from typing import Any, Protocol, Self

from pocketpay_client import Client, SignInInput
from pocketpay_client.async_base_client import Response


class Tokens(Protocol):
    access_token: str
    refresh_token: str


class Refused(Exception):
    """The server refused the request. The message is for the user."""


class Account(Client):
    """The client of one user. It has a method for each operation of operations.graphql."""

    def __init__(self, url: str, tokens: Tokens) -> None:
        super().__init__(url, ws_url=url.replace("http", "ws", 1))
        self._tokens = tokens
        self._refreshing = asyncio.Lock()  # one refresh at a time: a refresh token works only once

    @classmethod
    async def sign_in_at(cls, url: str, login: str, password: str) -> Self:
        async with Client(url) as client:
            signed_in = (await client.sign_in(SignInInput(login=login, password=password))).sign_in
        if signed_in.tokens is None:
            raise Refused(signed_in.errors[0].message)
        return cls(url, signed_in.tokens)

    @property
    def access_token(self) -> str:
        return self._tokens.access_token

    async def refresh_once(self, used: str) -> None:
        """Refreshes the tokens, unless `used` is no longer the current access token."""
        async with self._refreshing:
            if used != self.access_token:
                return
            async with Client(self.url) as client:
                refreshed = (await client.refresh(self._tokens.refresh_token)).refresh_session
            if refreshed.tokens is None:
                raise Refused(refreshed.errors[0].message)
            self._tokens = refreshed.tokens

    async def execute(
        self, query: str, operation_name: str | None = None, variables: dict[str, Any] | None = None, **kwargs: Any
    ) -> Response:
        """Sends an operation. When the access token has expired, refreshes it and sends the operation again."""
        used = self.access_token
        response = await self._execute_as(used, query, operation_name, variables)
        if _unauthenticated(response):
            await self.refresh_once(used)
            response = await self._execute_as(self.access_token, query, operation_name, variables)
        return response

    async def _execute_as(
        self, token: str, query: str, operation_name: str | None, variables: dict[str, Any] | None
    ) -> Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await super().execute(query, operation_name, variables, headers=headers)


def _unauthenticated(response: Response) -> bool:
    errors = response.json().get("errors") or [] if response.status_code == 200 else []
    return any(error["extensions"]["code"] == "UNAUTHENTICATED" for error in errors)
