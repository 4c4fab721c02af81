"""What the endpoints of one server share: the viewer and context of a request, rate limits, execution."""

from starlette.types import Scope

from pocketpay.api.context import Context, Services
from pocketpay.api.rates import Rates
from pocketpay.database.failures import ServiceBusy
from pocketpay.identity import networks
from pocketpay.identity.viewer import Viewer
from pocketpay.serving import http
from pocketpay.serving.execution import Execution
from pocketpay.serving.http import Headers
from pocketpay.serving.metrics import Metrics
from pocketpay.serving.registry import Sockets


class ServerContext:
    """The shared state of the endpoints. `services` is None until the server is open."""

    def __init__(
        self,
        execution: Execution,
        metrics: Metrics,
        sockets: Sockets,
        rates: Rates | None,
        anonymous_rates: Rates | None,
    ) -> None:
        """`rates` limits users, `anonymous_rates` limits addresses without a valid token; None means no limit."""
        self.execution, self.metrics, self.sockets = execution, metrics, sockets
        self.rates, self.anonymous_rates = rates, anonymous_rates
        self.services: Services | None = None

    async def context(self, scope: Scope, headers: Headers, request_id: str) -> Context:
        """Returns a request's context. Raises HttpRefusal when a rate is exceeded or the token cannot be checked."""
        if self.services is None:
            raise http.busy()
        return self.context_of(await self.admit(scope, headers), scope, headers, request_id)

    def context_of(self, viewer: Viewer | None, scope: Scope, headers: Headers, request_id: str) -> Context:
        """Returns the context of an admitted request. Raises HttpRefusal while the server is not open."""
        if self.services is None:
            raise http.busy()
        user_agent = headers.get(b"user-agent")
        return Context(
            self.services,
            viewer,
            request_id=request_id,
            address=_address(scope),
            user_agent=user_agent.decode("latin-1") if user_agent else None,
        )

    async def admit(self, scope: Scope, headers: Headers) -> Viewer | None:
        """Returns the viewer, if any. Counts the request for the rate limit; raises HttpRefusal above it."""
        viewer = await self.viewer(headers)
        self.check_rate(viewer, _address(scope))
        return viewer

    async def viewer(self, headers: Headers) -> Viewer | None:
        """Returns the viewer of the request's token; None when the token is missing, invalid or expired."""
        header = headers.get(b"authorization")
        if header is None or self.services is None or header[:7].lower() != b"bearer ":
            return None
        try:
            return await self.services.identity.gate.viewer(header[7:].strip().decode("latin-1"))
        except ServiceBusy:
            raise http.busy() from None

    def check_rate(self, viewer: Viewer | None, address: str) -> None:
        """Counts a request for the user, or for the address if there is none. Raises HttpRefusal above the limit."""
        retry_after_seconds = None
        if viewer is not None:
            if self.rates is not None:
                retry_after_seconds = self.rates.take(viewer.user_id)
        elif self.anonymous_rates is not None:
            retry_after_seconds = self.anonymous_rates.take(networks.address(address))
        if retry_after_seconds is not None:
            raise http.too_many_requests(retry_after_seconds)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
