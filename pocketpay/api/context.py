"""What every resolver can reach: the services of the packages below, and who is asking.

    Services   one for each server, built at the start: settings, database, and the services of the packages below
    Context    one for each operation: the services, the viewer, the request, and fresh data loaders

No session of the database is here: sibling fields of a query run at the same time, each takes its own.
"""

from dataclasses import dataclass
from typing import TypeAlias

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
    """One operation's surroundings.

    `viewer` is None for an anonymous request, and for one whose token is bad or has expired. `address` is the
    client's, as the server sees it. `request_id` is in every log line and every masked error. `operator` is the
    viewer once `operations` has looked them up and found that they are one. `refresh_cookie` is None where the
    request uses none.
    """

    __slots__ = (
        "_loaders",
        "address",
        "operator",
        "refresh_cookie",
        "request_id",
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
        self._loaders: Loaders | None = None

    def require_viewer(self) -> Viewer:
        """Who is asking. Raises Unauthenticated when nobody is signed in: the field becomes null."""
        if self.viewer is None:
            raise Unauthenticated
        return self.viewer

    def require_operator(self) -> Operator:
        """Who acts. Raises Forbidden when nobody has been found to be an operator."""
        if self.operator is None:
            raise Forbidden
        return self.operator

    @property
    def database(self) -> ReadAccess:
        """Reading for whoever asks: within a viewer's share of the readers, or an anonymous address's."""
        return self.services.database.of(self.address if self.viewer is None else self.viewer.wallet_id)

    @property
    def loaders(self) -> Loaders:
        """This operation's data loaders: made on the first use, never shared with another operation."""
        if self._loaders is None:
            self._loaders = Loaders(self.database, self.services.desk, self.services.reads)
        return self._loaders

    def fresh(self) -> "Context":
        """The same surroundings with new loaders: for a subscription's next event, or a document's next mutation."""
        return Context(
            self.services,
            self.viewer,
            request_id=self.request_id,
            address=self.address,
            user_agent=self.user_agent,
            refresh_cookie=self.refresh_cookie,
        )


Info: TypeAlias = strawberry.Info[Context, None]
