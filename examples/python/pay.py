"""A payment that moves money once, however often it has to be sent."""

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
NOT_KNOWN = {"SERVICE_BUSY", "INTERNAL"}
"""Codes after which it may have been done, or not."""


async def pay(account: Account, to: str, amount: str) -> PayTransfer:
    """What the transfer answers. Raises the last error when nobody knows whether it was done."""
    key = str(uuid.uuid4())  # made once: each try sends the same key
    payment = TransferInput(to=to, amount=amount, description="From the example", idempotency_key=key)
    for tried in range(1, TRIES + 1):
        try:
            return (await account.pay(payment)).transfer
        except (httpx.TransportError, GraphQLClientHttpError, GraphQLClientInvalidResponseError) as error:
            failed: Exception = error
        except GraphQLClientGraphQLMultiError as refused:
            if not NOT_KNOWN & {str((error.extensions or {}).get("code")) for error in refused.errors}:
                raise
            failed = refused
        if tried < TRIES:
            print(f"No answer ({failed}). Trying again with the same key.", file=sys.stderr)
            await asyncio.sleep(0.2 * 2**tried * random.random())
    raise failed
