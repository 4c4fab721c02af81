"""GraphiQL's page and its assets.

    GET /graphql from a browser   page()   the page; 503 with build instructions when it is not built
    GET /explorer/assets/...      routes   the files that the page loads, cached forever: each name contains a hash

The Content-Security-Policy below allows the page to load from and connect to its own origin only.
"""

from pathlib import Path, PurePath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

DIST = Path(__file__).parent / "dist"

# Monaco, GraphiQL's editor, writes inline styles and contains its fonts as data URIs.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# "Vary": the same URL serves API clients. "no-cache": a newer build has other asset names.
PAGE_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-cache", "Vary": "Accept"}
ASSET_HEADERS = {
    **SECURITY_HEADERS,
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}
# The smallest encoding first: the server sends the first one that the browser accepts.
CODINGS = {"br": ".br", "gzip": ".gz"}
# The types of all built files. The operating system's table of types can differ, so it is not used.
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".ttf": "font/ttf"}

NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Pocket Pay · the explorer is not built</title>
<style>body { font: 16px/1.6 system-ui, sans-serif; margin: 15vh auto; max-width: 34rem; padding: 0 1rem }</style>
<h1>The explorer is not built yet</h1>
<p>The API is running: send it a <code>POST</code> on this very address.</p>
<p>For GraphiQL in the browser, run <code>make explorer</code> in a checkout of Pocket Pay and load this page
again. It needs no Node.js of yours. A wheel made by <code>make wheel</code> has it inside.</p>
</html>
"""


def page() -> Response:
    """The response with the GraphiQL page: 200, or 503 with build instructions when it is not built."""
    index = DIST / "index.html"
    if not index.is_file():
        return HTMLResponse(NOT_BUILT, status_code=503, headers={**PAGE_HEADERS, "Cache-Control": "no-store"})
    return FileResponse(index, media_type="text/html", headers=PAGE_HEADERS)


def asset(request: Request) -> Response:
    """The response with one asset, in the smallest encoding that the browser accepts; 404 for an unknown name."""
    # The name is only compared with the names of built files, never joined to a path: path traversal is impossible.
    built = {file.name: file for file in (DIST / "assets").glob("*")}
    name = request.path_params["name"]
    media_type = MEDIA_TYPES.get(PurePath(name).suffix)
    if media_type is None or name not in built:
        raise HTTPException(404)
    accepted = {coding.strip() for coding in request.headers.get("accept-encoding", "").lower().split(",")}
    for coding, suffix in CODINGS.items():
        if coding in accepted and name + suffix in built:
            headers = {**ASSET_HEADERS, "Content-Encoding": coding}
            return FileResponse(built[name + suffix], media_type=media_type, headers=headers)
    return FileResponse(built[name], media_type=media_type, headers=ASSET_HEADERS)


routes = [Route("/explorer/assets/{name}", asset, methods=["GET", "HEAD"])]
