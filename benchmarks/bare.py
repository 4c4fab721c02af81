"""The floor under any answer: JSON in, JSON out, nothing in between. Same server, same event loop, same settings."""

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    return Response(orjson.dumps({"data": {"asked": len(asked)}}), media_type="application/json")


app = Starlette(routes=[Route("/", echo, methods=["POST"])])
