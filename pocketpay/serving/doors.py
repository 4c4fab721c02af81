"""What the doors of one server share: who is asking, how often they may, and how a text is answered."""

from starlette.types import Scope

from pocketpay.api.context import Context, Rooms
from pocketpay.api.rates import Rates
from pocketpay.database.failures import ServiceBusy
from pocketpay.identity.viewer import Viewer
from pocketpay.serving import http
from pocketpay.serving.execution import Execution
from pocketpay.serving.http import Headers
from pocketpay.serving.metrics import Metrics
from pocketpay.serving.registry import Sockets


class Doors:
    """What the doors of one server share: the rooms once it has opened, and how a text is answered."""

    def __init__(self, execution: Execution, metrics: Metrics, sockets: Sockets, rates: Rates | None) -> None:
        self.execution, self.metrics, self.sockets, self.rates = execution, metrics, sockets, rates
        self.rooms: Rooms | None = None

    async def context(self, scope: Scope, headers: Headers, request_id: str) -> Context:
        """A request's surroundings. Raises HttpRefusal when it comes too often, or nobody can say whose it is."""
        if self.rooms is None:
            raise http.busy()
        viewer = await self.viewer(headers)
        if viewer is not None:
            self.must_not_hurry(viewer)
        client = scope.get("client")
        user_agent = headers.get(b"user-agent")
        return Context(
            self.rooms,
            viewer,
            request_id=request_id,
            address=client[0] if client else "",
            user_agent=user_agent.decode("latin-1") if user_agent else None,
        )

    async def viewer(self, headers: Headers) -> Viewer | None:
        """Who a request's token says it is; None without one, and for one that is bad or has expired."""
        said = headers.get(b"authorization")
        if said is None or self.rooms is None or said[:7].lower() != b"bearer ":
            return None
        try:
            return await self.rooms.reception.gate.viewer(said[7:].strip().decode("latin-1"))
        except ServiceBusy:
            raise http.busy() from None

    def must_not_hurry(self, viewer: Viewer) -> None:
        """Raises HttpRefusal when this user asks more often than anybody may."""
        if self.rates is not None:
            retry_after_seconds = self.rates.take(viewer.user_id)
            if retry_after_seconds is not None:
                raise http.too_many_requests(retry_after_seconds)
