"""The web app of `examples/web`, in development: the page at every address below /app/, and its assets.

    GET /app              a redirect to /app/
    GET /app/assets/...   an asset, cached forever: each name contains a hash
    GET /app/...          the page, which shows the screen for its address; 503 when the app is not built

Decision 69 names the libraries of the app, and decision 70 says why this server serves it.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pocketpay.explorer.built import NOT_KEPT, SECURITY_HEADERS, built_asset

DIST = Path(__file__).parent / "web"
PAGE_HEADERS = {**SECURITY_HEADERS, **NOT_KEPT}

NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Pocket Pay · the app is not built</title>
<style>body { font: 16px/1.6 system-ui, sans-serif; margin: 15vh auto; max-width: 34rem; padding: 0 1rem }</style>
<h1>The app is not built yet</h1>
<p>Run <code>make web</code> in a checkout of Pocket Pay and load this page again. You do not need to install Node.js.
<code>make demo</code> builds it and starts a server.</p>
</html>
"""


def is_built() -> bool:
    """Whether the app is built."""
    return (DIST / "index.html").is_file()


def page(request: Request) -> Response:
    """The response with the app's page: 200, or 503 with build instructions when it is not built."""
    if not is_built():
        return HTMLResponse(NOT_BUILT, status_code=503, headers={**PAGE_HEADERS, "Cache-Control": "no-store"})
    return FileResponse(DIST / "index.html", media_type="text/html", headers=PAGE_HEADERS)


def asset(request: Request) -> Response:
    """The response with one asset of the app; 404 for an unknown name."""
    return built_asset(DIST, request)


def to_page(request: Request) -> Response:
    """The redirect from /app to /app/."""
    return RedirectResponse("/app/")


routes = [
    Route("/app", to_page, methods=["GET", "HEAD"]),
    Route("/app/assets/{name}", asset, methods=["GET", "HEAD"]),
    Route("/app/{screen:path}", page, methods=["GET", "HEAD"]),
]
