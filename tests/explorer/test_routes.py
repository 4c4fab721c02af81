from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pocketpay.explorer import routes

SCRIPT = b"console.log('pocket pay')"


async def graphql(request: Request) -> Response:
    return routes.page()


@pytest.fixture
async def browser() -> AsyncIterator[AsyncClient]:
    app = Starlette(routes=[Route("/graphql", graphql), *routes.routes])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://explorer") as client:
        yield client


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small build: a page, a script with both compressed copies, and a font without them."""
    folder = tmp_path / "dist"
    assets = folder / "assets"
    assets.mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Pocket Pay</title>")
    (assets / "index-abc.js").write_bytes(SCRIPT)
    (assets / "index-abc.js.br").write_bytes(b"br twin")
    (assets / "index-abc.js.gz").write_bytes(b"gz twin")
    (assets / "icons-abc.ttf").write_bytes(b"font")
    (tmp_path / "secret.js").write_text("not an asset")
    monkeypatch.setattr(routes, "DIST", folder)
    return folder


async def encoding_of(browser: AsyncClient, accept_encoding: str) -> str | None:
    """Returns the content encoding of an asset without decoding it: the compressed copies here are not real ones."""
    async with browser.stream(
        "GET", "/explorer/assets/index-abc.js", headers={"Accept-Encoding": accept_encoding}
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["vary"] == "Accept-Encoding"
        encoding: str | None = answer.headers.get("content-encoding")
        return encoding


async def test_the_built_page_is_served(browser: AsyncClient, dist: Path) -> None:
    answer = await browser.get("/graphql")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Pocket Pay" in answer.text


async def test_the_page_may_connect_only_to_its_own_origin(browser: AsyncClient, dist: Path) -> None:
    policy = (await browser.get("/graphql")).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == rules["worker-src"] == "'self'"
    assert "http" not in policy
    assert "unsafe-eval" not in policy


async def test_the_page_is_revalidated_every_time(browser: AsyncClient, dist: Path) -> None:
    headers = (await browser.get("/graphql")).headers
    assert headers["cache-control"] == "no-cache"
    assert headers["vary"] == "Accept"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_a_page_that_was_not_built_explains_how_to_build_it(
    browser: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "DIST", tmp_path / "nothing")
    answer = await browser.get("/graphql")
    assert answer.status_code == 503
    assert "make explorer" in answer.text
    assert "http" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser.get("/explorer/assets/index-abc.js")).status_code == 404


async def test_an_asset_is_cached_permanently(browser: AsyncClient, dist: Path) -> None:
    headers = (await browser.get("/explorer/assets/icons-abc.ttf")).headers
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"] == "font/ttf"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accept_encoding", "encoding"),
    [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("identity", None), ("br;q=0", None), ("", None)],
)
async def test_an_asset_is_sent_in_the_smallest_encoding_the_browser_accepts(
    browser: AsyncClient, dist: Path, accept_encoding: str, encoding: str | None
) -> None:
    assert await encoding_of(browser, accept_encoding) == encoding


async def test_an_asset_without_compressed_copies_is_sent_uncompressed(browser: AsyncClient, dist: Path) -> None:
    answer = await browser.get("/explorer/assets/icons-abc.ttf", headers={"Accept-Encoding": "br, gzip"})
    assert answer.content == b"font"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "name", ["missing.js", "..%2Findex.html", "..%2F..%2Fsecret.js", "%2E%2E", "%00.js", "x" * 5000 + ".js", "assets"]
)
async def test_only_assets_are_served(browser: AsyncClient, dist: Path, name: str) -> None:
    assert (await browser.get(f"/explorer/assets/{name}")).status_code == 404
