"""A customer of the platform in tests of the stand-in: links accounts, pays in, and is paid."""

from dataclasses import dataclass
from typing import Any

from stripe import PaymentIntent, Payout, StripeClient, Transfer

from tests.stripe_stand_in.client import client_of
from tests.stripe_stand_in.control import act, top_up
from tests.stripe_stand_in.stand_in import StandIn
from tests.stripe_stand_in.total import total


@dataclass
class Platform:
    """The library's client, the stand-in, and what its customers and banks do."""

    stand_in: StandIn
    client: StripeClient

    @classmethod
    def of(cls, stand_in: StandIn) -> "Platform":
        return cls(stand_in, client_of(stand_in))

    def act(self, things: str, id: str, verb: str, **given: Any) -> dict[str, Any]:
        """Does what a bank or a customer does."""
        return act(self.stand_in.world, things, id, verb, given)

    def top_up(self, amount: int, currency: str = "usd") -> None:
        top_up(self.stand_in.world, amount, currency)

    async def customer(self) -> str:
        return (await self.client.v1.customers.create_async({"email": "ada@example.com"})).id

    async def session(self, customer: str, currency: str = "usd") -> str:
        made = await self.client.v1.checkout.sessions.create_async(
            {"mode": "setup", "currency": currency, "customer": customer, "success_url": "https://pay.example/done"}
        )
        return made.id

    async def linked(self, currency: str = "usd") -> tuple[str, str]:
        """Returns a customer and a payment method."""
        customer = await self.customer()
        session = await self.session(customer, currency)
        self.act("checkout", session, "finish")
        methods = await self.client.v1.payment_methods.list_async({"customer": customer})
        return customer, methods.data[0].id

    async def debit(
        self, customer: str, method: str, amount: int = 1_000, currency: str = "usd", key: str | None = None
    ) -> PaymentIntent:
        return await self.client.v1.payment_intents.create_async(
            {
                "amount": amount,
                "currency": currency,
                "customer": customer,
                "payment_method": method,
                "confirm": True,
                "off_session": True,
                "metadata": {"order": "order-1"},
            },
            {"idempotency_key": key} if key else {},
        )

    async def account(self, outcome: str = "finished", country: str = "US") -> str:
        """Returns a connected account after its onboarding."""
        made = await self.client.v1.accounts.create_async(
            {"type": "express", "country": country, "capabilities": {"transfers": {"requested": True}}}
        )
        await self.client.v1.account_links.create_async(
            {
                "account": made.id,
                "type": "account_onboarding",
                "refresh_url": "https://pay.example/again",
                "return_url": "https://pay.example/done",
            }
        )
        self.act("accounts", made.id, "onboard", outcome=outcome)
        return made.id

    async def transfer(self, account: str, amount: int = 400) -> Transfer:
        return await self.client.v1.transfers.create_async(
            {"amount": amount, "currency": "usd", "destination": account, "transfer_group": "order-2"}
        )

    async def payout(self, account: str, amount: int = 400) -> Payout:
        return await self.client.v1.payouts.create_async(
            {"amount": amount, "currency": "usd", "metadata": {"order": "order-2"}}, {"stripe_account": account}
        )

    def bank(self, currency: str = "usd") -> int:
        """Returns what the platform's books should have, by the stand-in's own account. It must conserve money."""
        found = total(self.stand_in.world)
        assert found["is_conserved"]
        return int(found["currencies"][currency]["bank"])
