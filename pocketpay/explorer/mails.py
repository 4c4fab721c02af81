"""GET /explorer/mails: the newest mails and text messages with their codes, for the explorer's mail bar.

It exists only in development, where mails are written to the log instead of sent. A page of another site cannot read
the response.
"""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pocketpay.mail.recent import RecentMail

PATH = "/explorer/mails"


def route(read: Callable[[], Awaitable[Sequence[RecentMail]]]) -> Route:
    """The route of GET /explorer/mails. `read` returns the newest mails."""

    async def mails(request: Request) -> Response:
        shown = [
            {
                "id": str(one.id),
                "kind": one.kind,
                "to": one.recipient,
                "says": one.text,
                "code": one.code,
                "link": one.link,
                "createdAt": one.created_at.isoformat(),
            }
            for one in await read()
        ]
        return JSONResponse({"mails": shown}, headers={"Cache-Control": "no-store"})

    return Route(PATH, mails, methods=["GET"])
