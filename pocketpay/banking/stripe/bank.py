"""The bank of Stripe Connect: the protocol's calls, each handed to the module that knows it."""

from typing import Self

from stripe import StripeClient

from pocketpay.banking.bank import BankOrder, Link, LinkState, OpenedLink, OrderState
from pocketpay.banking.stripe.collecting import Collecting
from pocketpay.banking.stripe.connection import connect
from pocketpay.banking.stripe.linking import Linking
from pocketpay.banking.stripe.paying_out import PayingOut
from pocketpay.database.sessions import Database


class StripeBank:
    """A bank. Its state is at Stripe and in the table stripe_objects, so all servers are the same bank."""

    def __init__(self, collecting: Collecting, paying_out: PayingOut, linking: Linking) -> None:
        self._collecting, self._paying_out, self._linking = collecting, paying_out, linking
        self._client = linking.client

    @classmethod
    def open(cls, database: Database, *, secret_key: str, api_base: str, return_url: str) -> Self:
        """Returns a bank. Connects when it is first used."""
        return cls.of(connect(secret_key, api_base), database, return_url)

    @classmethod
    def of(cls, client: StripeClient, database: Database, return_url: str) -> Self:
        """Returns a bank that uses this client."""
        linking = Linking(client, database, return_url)
        return cls(Collecting(client, database, linking), PayingOut(client, database), linking)

    async def collect(self, order: BankOrder) -> OrderState:
        return await self._collecting.collect(order)

    async def payout(self, order: BankOrder) -> OrderState:
        return await self._paying_out.payout(order)

    async def open_link(self, link: Link) -> OpenedLink:
        return await self._linking.open(link)

    async def link_state(self, link: Link) -> LinkState:
        return await self._linking.state(link)

    async def remove_link(self, link: Link) -> None:
        await self._linking.remove(link)

    async def close(self) -> None:
        """Closes the connections to Stripe."""
        http_client = self._client._requestor._client  # the library has no public way
        if http_client is not None:
            await http_client.close_async()  # type: ignore[no-untyped-call]  # the library has no type here
