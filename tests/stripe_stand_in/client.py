"""The official library against a stand-in."""

from collections.abc import Mapping
from typing import Any

import httpx
import stripe
from stripe import APIConnectionError, HTTPClient, StripeClient

from tests.stripe_stand_in.stand_in import KEY, StandIn


class InProcess(HTTPClient):
    """Sends the library's requests to a stand-in in this process."""

    name = "in process"

    def __init__(self, stand_in: StandIn) -> None:
        super().__init__()
        self._client = httpx.AsyncClient(transport=stand_in.transport())

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            response = await self._client.request(method, url, headers=dict(headers), content=post_data or b"")
        except httpx.TransportError as error:
            refused: Any = APIConnectionError
            raise refused(str(error), should_retry=True) from error
        return response.content, response.status_code, response.headers

    async def sleep_async(self, secs: float) -> None:
        """Does not wait."""

    async def close_async(self) -> None:
        await self._client.aclose()


def client_of(stand_in: StandIn, *, key: str = KEY, retries: int = 0) -> StripeClient:
    """Returns a client of the library for a stand-in in this process."""
    base: Any = {"api": stand_in.world.base}
    return StripeClient(key, base_addresses=base, http_client=InProcess(stand_in), max_network_retries=retries)


__all__ = ["client_of", "stripe"]
