"""GraphiQL's page and its assets.

GET /graphql from a browser   page()   the page; 503 with build instructions when it is not built
GET /explorer/assets/...      routes   the files that the page loads, cached forever: each name contains a hash
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from pocketpay.explorer.built import NOT_KEPT, SECURITY_HEADERS, built_asset

DIST = Path(__file__).parent / "dist"

# "Vary": the same URL serves API clients.
PAGE_HEADERS = {**SECURITY_HEADERS, **NOT_KEPT, "Vary": "Accept"}

NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Pocket Pay · the explorer is not built</title>
<style>body { font: 16px/1.6 system-ui, sans-serif; margin: 15vh auto; max-width: 34rem; padding: 0 1rem }</style>
<h1>The explorer is not built yet</h1>
<p>The API is running: send a <code>POST</code> to this address.</p>
<p>For GraphiQL in the browser, run <code>make explorer</code> in a checkout of Pocket Pay and load this page
again. You do not need to install Node.js. A wheel made by <code>make wheel</code> contains it.</p>
</html>
"""


def page() -> Response:
    """The response with the GraphiQL page: 200, or 503 with build instructions when it is not built."""
    index = DIST / "index.html"
    if not index.is_file():
        return HTMLResponse(NOT_BUILT, status_code=503, headers={**PAGE_HEADERS, "Cache-Control": "no-store"})
    return FileResponse(index, media_type="text/html", headers=PAGE_HEADERS)


def asset(request: Request) -> Response:
    """The response with one asset of GraphiQL; 404 for an unknown name."""
    return built_asset(DIST, request)


routes = [Route("/explorer/assets/{name}", asset, methods=["GET", "HEAD"])]
