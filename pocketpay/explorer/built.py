"""The files that Vite has built: assets in an encoding that the browser accepts, and headers of pages and assets.

The Content-Security-Policy below allows a page to load from and connect to its own origin only.
"""

from pathlib import Path, PurePath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

# Monaco, GraphiQL's editor, and Mantine write inline styles; Monaco contains its fonts as data URIs.
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
# A newer build has other asset names, so the browser must request the page again each time.
NOT_KEPT = {"Cache-Control": "no-cache"}
ASSET_HEADERS = {
    **SECURITY_HEADERS,
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}
# The smallest encoding first: the server sends the first one that the browser accepts.
CODINGS = {"br": ".br", "gzip": ".gz"}
# The types of all built files. The operating system's table of types can differ, so it is not used.
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".ttf": "font/ttf"}


def built_asset(folder: Path, request: Request) -> Response:
    """The response with the asset of that name, in the smallest encoding that the browser accepts; 404 for an unknown
    name."""
    # The name is only compared with the names of built files, never joined to a path: path traversal is impossible.
    built = {file.name: file for file in (folder / "assets").glob("*")}
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
