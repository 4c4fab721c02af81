"""The connection to Stripe: the client, its time limit, and what each error means.

    no answer, 429, 5xx, 409                  Unavailable: whether Stripe carried out the call is not known
    401, 403, other parameters with a key     Unavailable, and an error in the log: operators must repair it
    not enough balance                        NoBalance: nothing was created, and it can succeed later
    other 400, 402, 404                       Refused: nothing was created, and it never will be

The library does not retry: the sweeper does, with the same idempotency key.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import stripe
import structlog

from pocketpay.banking.bank import BankUnavailable
from pocketpay.errors import PocketPayError

CALL_SECONDS = 4.0
"""The time limit of one call, below the limit of the caller (`payments.settle.BANK_SECONDS`)."""

MAX_LISTED = 1_000
"""The most objects that are searched for one order. A longer search is not finished, and answers "later"."""

NO_BALANCE = frozenset({"balance_insufficient", "insufficient_funds"})
"""The codes of a refused transfer, payout or reversal for which the balance is too low now."""

SAFE_CODE_LENGTH = 100

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class Refused(PocketPayError):
    """Stripe refused the request, and created nothing. `code` is Stripe's own code."""

    def __init__(self, code: str, *, payment_intent: str | None = None, missing: bool = False) -> None:
        super().__init__(code)
        self.code, self.payment_intent, self.missing = code, payment_intent, missing


class NoBalance(PocketPayError):
    """The balance at Stripe is too low now. Nothing was created."""


def connect(secret_key: str, api_base: str) -> stripe.StripeClient:
    """Returns a client for this key. The library reports no statistics about calls to Stripe."""
    stripe.enable_telemetry = False
    # These loggers repeat paths, parameters and messages, which can have personal data.
    for name in ("stripe", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return stripe.StripeClient(
        secret_key,
        base_addresses={"api": api_base},
        http_client=stripe.HTTPXClient(timeout=CALL_SECONDS),
        max_network_retries=0,
    )


async def call(request: Awaitable[Answer]) -> Answer:
    """Returns Stripe's answer. Raises BankUnavailable, Refused or NoBalance."""
    with _translated():
        return await request


async def listed(request: Awaitable["stripe.ListObject[Any]"]) -> AsyncIterator[Any]:
    """Yields the objects of a list, page by page. Raises as `call` does, and BankUnavailable above MAX_LISTED."""
    number = 0
    with _translated():
        page = await request
        while not page.is_empty:
            for one in page.data:
                yield one
                number += 1
            if number >= MAX_LISTED and page.has_more:
                log.error("stripe_search_too_long", count=number)
                raise BankUnavailable("there are too many objects to search")
            page = await page.next_page_async()


@contextmanager
def _translated() -> Iterator[None]:
    """Raises our own errors, without the message of Stripe's, which can have personal data."""
    try:
        yield
    except stripe.CardError as error:
        raise _refused(error) from None
    except stripe.InvalidRequestError as error:
        if _code(error) in NO_BALANCE:
            raise NoBalance from None
        raise _refused(error) from None
    except stripe.PermissionError as error:
        if _code(error) == "account_invalid":  # the customer has ended the connection of the account
            raise Refused(_code(error), missing=True) from None
        log.error("stripe_misconfigured", failure=type(error).__name__, code=_code(error))
        raise BankUnavailable(f"Stripe answered {type(error).__name__}") from None
    except (stripe.AuthenticationError, stripe.IdempotencyError) as error:
        log.error("stripe_misconfigured", failure=type(error).__name__, code=_code(error))
        raise BankUnavailable(f"Stripe answered {type(error).__name__}") from None
    except stripe.StripeError as error:
        raise BankUnavailable(f"Stripe answered {type(error).__name__}") from None


def _refused(error: stripe.StripeError) -> Refused:
    intent = getattr(error.error, "payment_intent", None)
    return Refused(
        _code(error),
        payment_intent=getattr(intent, "id", None),
        missing=error.http_status == 404 or error.code == "resource_missing",
    )


def _code(error: stripe.StripeError) -> str:
    """Returns the most exact code of an error. Never its message."""
    parts = (getattr(error.error, name, None) for name in ("decline_code", "code", "type"))
    found = next((part for part in parts if part), error.code)
    return str(found or type(error).__name__)[:SAFE_CODE_LENGTH]
