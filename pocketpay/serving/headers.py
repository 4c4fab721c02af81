"""Adds the headers that every response has, unless the application set them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pocketpay.serving import http


class Headers:
    """ASGI middleware that adds a request id and security headers. The POST handler does not use this middleware, and
    sets these headers itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = http.request_id(dict(scope["headers"])).encode()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                there = {name.lower() for name, _ in headers}
                wanted = [(b"x-request-id", request_id), *http.SECURITY_HEADERS]
                message["headers"] = [*headers, *(pair for pair in wanted if pair[0] not in there)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
