"""An endpoint that only parses and writes JSON: the lower limit of the cost of any request. It has the same server,
event loop and settings as Pocket Pay."""

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    received = orjson.loads(await request.body())
    return Response(orjson.dumps({"data": {"fields": len(received)}}), media_type="application/json")


app = Starlette(routes=[Route("/", echo, methods=["POST"])])
