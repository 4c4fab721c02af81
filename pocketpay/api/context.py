"""What every resolver can use: the services of the packages below, and the viewer.

    Services   one per server, built at the start: settings, database, and the services of the packages below
    Context    one per operation: the services, the viewer, facts of the request, and new data loaders

The context has no database session. Sibling fields of a query run concurrently, so each takes a session of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import strawberry

from pocketpay.api.feeds import Feeds
from pocketpay.api.loaders import Loaders, Reads
from pocketpay.api.refresh_cookie import RefreshCookie
from pocketpay.api.statement_link import StatementLinks
from pocketpay.database.sessions import Database, ReadAccess
from pocketpay.identity.errors import Forbidden, Unauthenticated
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.viewer import Viewer
from pocketpay.operations.services import OperatorServices
from pocketpay.operator_log.act import Operator
from pocketpay.payments.desk import Desk
from pocketpay.settings import Settings
from pocketpay.transactions.reading_time import ReadingTime

State = TypeVar("State")

SendEvent: TypeAlias = Callable[[Any, Callable[[Any], object]], bool]
"""Sends the event of a state to the subscriber at once: `send(state, event_of)`. Returns False when it cannot."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one server."""

    settings: Settings
    database: Database
    identity: IdentityServices
    desk: Desk
    feeds: Feeds
    reads: Reads
    statement_links: StatementLinks
    operators: OperatorServices


class Context:
    """The context of one operation.

    `viewer` is None for an anonymous request, and for a token that is not valid or has expired. `address` is the
    client's IP address. `request_id` is in every log line and every masked error. `operator` is set when a field
    `operations` has checked in the database that the viewer is an operator. `refresh_cookie` is None when the request
    does not use a cookie. `reading_time` limits all filtered pages of the operation together.
    """

    __slots__ = (
        "_loaders",
        "address",
        "operator",
        "reading_time",
        "refresh_cookie",
        "request_id",
        "send_event",
        "services",
        "user_agent",
        "viewer",
    )

    def __init__(
        self,
        services: Services,
        viewer: Viewer | None = None,
        *,
        request_id: str = "",
        address: str = "",
        user_agent: str | None = None,
        refresh_cookie: RefreshCookie | None = None,
    ) -> None:
        self.services = services
        self.viewer = viewer
        self.request_id = request_id
        self.address = address
        self.user_agent = user_agent
        self.refresh_cookie = refresh_cookie
        self.operator: Operator | None = None
        self.reading_time = ReadingTime()
        self.send_event: SendEvent | None = None
        self._loaders: Loaders | None = None

    def require_viewer(self) -> Viewer:
        """The viewer. Raises Unauthenticated when the request has none; the field then becomes null."""
        if self.viewer is None:
            raise Unauthenticated
        return self.viewer

    def require_operator(self) -> Operator:
        """The operator. Raises Forbidden unless a field `operations` has checked that the viewer is an operator."""
        if self.operator is None:
            raise Forbidden
        return self.operator

    @property
    def database(self) -> ReadAccess:
        """Read access to the database, limited to a fair share of the connections: one share for each viewer, and one
        for each anonymous address."""
        return self.services.database.of(self.address if self.viewer is None else self.viewer.wallet_id)

    @property
    def loaders(self) -> Loaders:
        """The data loaders of this operation. They are created on first use and never shared with another
        operation."""
        if self._loaders is None:
            self._loaders = Loaders(self.database, self.services.desk, self.services.reads)
        return self._loaders

    def push(self, event_of: Callable[[State], object]) -> Callable[[State], bool] | None:
        """Returns the function that sends the event of a state at once, or None when the transport has none.

        `event_of` must depend on nothing but the state: all subscribers with the same document share the response.
        """
        send = self.send_event
        return None if send is None else lambda state: send(state, event_of)

    def fresh(self) -> "Context":
        """Returns a copy with new loaders, for a subscription's next event or a document's next mutation."""
        return Context(
            self.services,
            self.viewer,
            request_id=self.request_id,
            address=self.address,
            user_agent=self.user_agent,
            refresh_cookie=self.refresh_cookie,
        )


Info: TypeAlias = strawberry.Info[Context, None]
