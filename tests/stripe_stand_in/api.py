"""The API's requests: key, version, account, idempotency, parameters, and one transaction for each.

200   the object
4xx   Stripe's error body; errors of parameters and conflicts are not saved under the idempotency key
500   only as an ordered fault (faults.py)
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from tests.stripe_stand_in import debits, payouts, reading
from tests.stripe_stand_in.errors import (
    Refusal,
    broken,
    invalid,
    key_in_use,
    reused_key,
    too_many,
    wrong_key,
)
from tests.stripe_stand_in.faults import Dropped, Fault, Faults
from tests.stripe_stand_in.forms import decode
from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.types import coerced, parameters
from tests.stripe_stand_in.world import DAY, PLATFORM, Call, World

Handler = Callable[..., Object]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and a path, what it does, and the library's type of its parameters."""

    method: str
    path: str
    handler: Handler
    parameters: str

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


def _crud(kind: str, url: str, name: str, *verbs: str) -> list[Endpoint]:
    """Returns the endpoints that each kind of object has."""
    every = {
        "list": Endpoint("GET", url, reading.list_all(kind, url), f"{name}ListParams"),
        "search": Endpoint("GET", f"{url}/search", reading.search(kind, f"{url}/search"), f"{name}SearchParams"),
        "retrieve": Endpoint("GET", f"{url}/{{id}}", reading.retrieve(kind), f"{name}RetrieveParams"),
        "update": Endpoint("POST", f"{url}/{{id}}", reading.update(kind), f"{name}UpdateParams"),
    }
    return [every[verb] for verb in verbs]


ENDPOINTS = [
    Endpoint("POST", "/v1/customers", debits.create_customer, "CustomerCreateParams"),
    *_crud("customer", "/v1/customers", "Customer", "list", "search", "retrieve", "update"),
    Endpoint("DELETE", "/v1/customers/{id}", debits.delete_customer, "CustomerDeleteParams"),
    Endpoint("POST", "/v1/checkout/sessions", debits.create_session, "checkout.SessionCreateParams"),
    *_crud("checkout.session", "/v1/checkout/sessions", "checkout.Session", "list", "retrieve", "update"),
    Endpoint("POST", "/v1/checkout/sessions/{id}/expire", debits.expire_session, "checkout.SessionExpireParams"),
    *_crud("setup_intent", "/v1/setup_intents", "SetupIntent", "list", "retrieve"),
    *_crud("payment_method", "/v1/payment_methods", "PaymentMethod", "list", "retrieve"),
    Endpoint("POST", "/v1/payment_methods/{id}/detach", debits.detach, "PaymentMethodDetachParams"),
    *_crud("mandate", "/v1/mandates", "Mandate", "retrieve"),
    Endpoint("POST", "/v1/payment_intents", debits.create_intent, "PaymentIntentCreateParams"),
    *_crud("payment_intent", "/v1/payment_intents", "PaymentIntent", "list", "search", "retrieve"),
    Endpoint("POST", "/v1/payment_intents/{id}/confirm", debits.confirm_intent, "PaymentIntentConfirmParams"),
    Endpoint("POST", "/v1/payment_intents/{id}/cancel", debits.cancel_intent, "PaymentIntentCancelParams"),
    *_crud("charge", "/v1/charges", "Charge", "list", "search", "retrieve"),
    *_crud("dispute", "/v1/disputes", "Dispute", "list", "retrieve"),
    Endpoint("POST", "/v1/accounts", payouts.create_account, "AccountCreateParams"),
    *_crud("account", "/v1/accounts", "Account", "list", "retrieve", "update"),
    Endpoint("DELETE", "/v1/accounts/{id}", payouts.delete_account, "AccountDeleteParams"),
    Endpoint("GET", "/v1/accounts/{id}/external_accounts", payouts.list_external, "AccountExternalAccountListParams"),
    Endpoint(
        "GET",
        "/v1/accounts/{id}/external_accounts/{bank}",
        payouts.retrieve_external,
        "AccountExternalAccountRetrieveParams",
    ),
    Endpoint(
        "DELETE",
        "/v1/accounts/{id}/external_accounts/{bank}",
        payouts.delete_external,
        "AccountExternalAccountDeleteParams",
    ),
    Endpoint("POST", "/v1/account_links", payouts.create_link, "AccountLinkCreateParams"),
    Endpoint("POST", "/v1/transfers", payouts.create_transfer, "TransferCreateParams"),
    *_crud("transfer", "/v1/transfers", "Transfer", "list", "retrieve", "update"),
    Endpoint("POST", "/v1/transfers/{id}/reversals", payouts.reverse_transfer, "TransferReversalCreateParams"),
    Endpoint("GET", "/v1/transfers/{id}/reversals", payouts.list_reversals, "TransferReversalListParams"),
    Endpoint("POST", "/v1/payouts", payouts.create_payout, "PayoutCreateParams"),
    *_crud("payout", "/v1/payouts", "Payout", "list", "retrieve", "update"),
    Endpoint("POST", "/v1/payouts/{id}/cancel", payouts.cancel_payout, "PayoutCancelParams"),
    Endpoint("GET", "/v1/balance", payouts.balance, "BalanceRetrieveParams"),
    *_crud("balance_transaction", "/v1/balance_transactions", "BalanceTransaction", "list", "retrieve"),
    *_crud("event", "/v1/events", "Event", "list", "retrieve"),
]
PATTERNS = [(one, one.pattern) for one in ENDPOINTS]


@dataclass(slots=True)
class Api:
    """The API of one stand-in. `key` is its secret key."""

    world: World
    key: str
    faults: Faults = field(default_factory=Faults)
    in_progress: set[tuple[str, str]] = field(default_factory=set)
    answered: int = 0

    async def answer(self, request: Request) -> Response:
        """Answers a request, with the ordered fault if there is one."""
        fault = self.faults.next(request.method, request.url.path)
        kind, seconds = (fault.fault, fault.seconds) if fault else (None, 0.0)
        request_id = self.world.new_id("req")
        headers = {"Request-Id": request_id, "Stripe-Version": self.world.version}
        try:
            if kind == Fault.DROP:
                raise Dropped
            if kind == Fault.RATE_LIMIT:
                raise too_many()
            if kind == Fault.ERROR:
                raise broken()
            account = self._admit(request)
            status, text, more = await self._once(request, account, request_id, kind, seconds)
            headers |= more
        except Refusal as error:
            status, text = error.status, json.dumps(error.body)
            headers["Stripe-Should-Retry"] = "true" if status in (409, 429, 500) else "false"
        if kind == Fault.DROP_ANSWER:
            raise Dropped
        if kind == Fault.ERROR_ANSWER:
            status, text = 500, json.dumps(broken().body)
        self.answered += 1
        return Response(text, status, headers, "application/json")

    def _admit(self, request: Request) -> str:
        """Checks the key and the version, and returns the account of the request."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise wrong_key(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
        if key != self.key:
            raise wrong_key(f"Invalid API Key provided: {key[:7]}***")
        version = request.headers.get("stripe-version", self.world.version)
        if version != self.world.version:
            raise invalid(f"The stand-in speaks {self.world.version}, the library's own version, not {version}.")
        account = request.headers.get("stripe-account", PLATFORM)
        if account != PLATFORM:
            payouts.require_account(self.world, key, account)
        return account

    async def _once(
        self, request: Request, account: str, request_id: str, fault: Fault | None, seconds: float
    ) -> tuple[int, str, dict[str, str]]:
        """Does it, or returns the saved answer of the idempotency key."""
        encoded = (await request.body()).decode() if request.method == "POST" else request.url.query
        form = decode(encoded)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            if fault == Fault.DELAY:
                await asyncio.sleep(seconds)
            return await self._do(request, form, account, request_id, None, "", fault, seconds)
        if len(key) > 255:
            raise invalid("Idempotency keys must be at most 255 characters.", param="Idempotency-Key")
        if (account, key) in self.in_progress:
            raise key_in_use()
        self.in_progress.add((account, key))
        try:
            if fault == Fault.DELAY:
                await asyncio.sleep(seconds)
            asked = json.dumps([request.method, request.url.path, form], sort_keys=True)
            if (saved := self._saved(account, key)) is not None:
                known, status, text, _, first = saved
                if known != asked:
                    raise reused_key()
                return (
                    status,
                    text,
                    {"Idempotency-Key": key, "Idempotent-Replayed": "true", "Original-Request": first},
                )
            return await self._do(request, form, account, request_id, key, asked, fault, seconds)
        finally:
            self.in_progress.discard((account, key))

    def _saved(self, account: str, key: str) -> tuple[str, int, str, int, str] | None:
        """Returns what is saved for a key. Stripe forgets keys after 24 hours, and so does the stand-in."""
        self.world.store.forget_keys(self.world.now() - DAY)
        return self.world.store.saved(account, key)

    async def _do(
        self,
        request: Request,
        form: Object,
        account: str,
        request_id: str,
        key: str | None,
        asked: str,
        fault: Fault | None,
        seconds: float,
    ) -> tuple[int, str, dict[str, str]]:
        """Does it in one transaction, and saves the answer with it."""
        endpoint, names = _endpoint(request)
        given = coerced(form, parameters(endpoint.parameters))
        world = self.world
        with world.store.transaction():
            world.call = Call(given, account, request_id, key)
            try:
                if fault == Fault.ERROR_SAVED:
                    raise broken()
                body = endpoint.handler(world, world.call, **names)
                reading.expand(world, body, given.get("expand", ()))
                status, text = 200, json.dumps(body)
            except Refusal as error:
                if not error.is_saved:
                    raise
                status, text = error.status, json.dumps(error.body)
            finally:
                world.call = Call({})
            if fault == Fault.ERROR_AFTER:
                status, text = 500, json.dumps(broken().body)
            if key is not None:
                world.store.save(account, key, asked, status, text, world.now(), request_id)
        if fault == Fault.DELAY_ANSWER:
            await asyncio.sleep(seconds)
        more = {"Idempotency-Key": key} if key else {}
        # Stripe's library does not repeat a request whose saved answer would be the same.
        return status, text, more | ({"Stripe-Should-Retry": "false"} if status >= 400 else {})


def _endpoint(request: Request) -> tuple[Endpoint, dict[str, str]]:
    for endpoint, pattern in PATTERNS:
        found = pattern.fullmatch(request.url.path)
        if found is not None and endpoint.method == request.method:
            return endpoint, found.groupdict()
    raise Refusal(
        404,
        "invalid_request_error",
        f"Unrecognized request URL ({request.method}: {request.url.path}). The stand-in does not have it.",
    )
