"""A payment that can be sent again after a lost answer, and moves money only once."""

import asyncio
import random
import sys
import uuid

import httpx
from account import Account
from pocketpay_client import (
    GraphQLClientGraphQLMultiError,
    GraphQLClientHttpError,
    GraphQLClientInvalidResponseError,
    PayTransfer,
    TransferInput,
)

TRIES = 6
RESULT_UNKNOWN = {"SERVICE_BUSY", "INTERNAL"}
"""Error codes after which the payment may or may not have been made."""


async def pay(account: Account, to: str, amount: str) -> PayTransfer:
    """Sends a transfer and returns its payload. Raises the last error when no try got a certain result."""
    key = str(uuid.uuid4())  # created once: each try sends the same key
    payment = TransferInput(to=to, amount=amount, description="From the example", idempotency_key=key)
    for tried in range(1, TRIES + 1):
        try:
            return (await account.pay(payment)).transfer
        except (httpx.TransportError, GraphQLClientHttpError, GraphQLClientInvalidResponseError) as error:
            failed: Exception = error
        except GraphQLClientGraphQLMultiError as refused:
            if not RESULT_UNKNOWN & {str((error.extensions or {}).get("code")) for error in refused.errors}:
                raise
            failed = refused
        if tried < TRIES:
            print(f"No answer ({failed}). Trying again with the same key.", file=sys.stderr)
            await asyncio.sleep(0.2 * 2**tried * random.random())
    raise failed
