"""Asks a user for money and waits for their answer. Needs `pip install websockets`.

    python examples/request.py alice pocket-pay-demo bob 12.00

It subscribes before it creates the request, so that it cannot miss the answer.
"""

import asyncio
import uuid
from contextlib import aclosing

from client import ask, sign_in
from command_line import arguments, failures_printed
from live import events

REQUEST = """mutation ($from: String!, $amount: Amount!, $key: String!) {
  requestMoney(input: {from: $from, amount: $amount, description: "From the example", idempotencyKey: $key}) {
    moneyRequest { id expiresAt } errors { message } } }"""

UPDATED = "subscription { moneyRequestUpdated { id status updatedAt } }"


async def request(url: str, token: str, payer: str, amount: str) -> None:
    created = None
    async with aclosing(events(url, token, UPDATED)) as stream:
        async for event in stream:
            if created is None:
                key = str(uuid.uuid4())
                created = ask(url, REQUEST, token, **{"from": payer}, amount=amount, key=key)["moneyRequest"]
                print(f"{payer} is asked for {amount} until {created['expiresAt']}.", flush=True)
                continue
            updated = event["moneyRequestUpdated"]
            if updated["id"] == created["id"] and updated["status"] != "PENDING":
                print(f"{updated['status']} at {updated['updatedAt']}.")
                return


if __name__ == "__main__":
    login, password, payer, amount, url = arguments(__doc__, "login", "password", "payer", "amount")
    with failures_printed():
        asyncio.run(request(url, sign_in(url, login, password), payer, amount))
