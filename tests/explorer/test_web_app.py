from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from pocketpay.explorer import web_app
from tests.clients import serving
from tests.conftest import Dsns

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def browser() -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(Starlette(routes=web_app.routes))
    async with AsyncClient(transport=transport, base_url="http://app") as client:
        yield client


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small build: a page and a script with its brotli copy."""
    assets = tmp_path / "web" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text("<!doctype html><title>The app</title>")
    (assets / "index-abc.js").write_text("console.log('pocket pay')")
    (tmp_path / "secret.js").write_text("not an asset")
    monkeypatch.setattr(web_app, "DIST", assets.parent)


async def test_every_address_of_the_app_returns_the_page_and_assets_are_cached(
    browser: AsyncClient, dist: None
) -> None:
    for path in ("/app/", "/app/send", "/app/activity/transaction_1"):
        page = await browser.get(path)
        assert (page.status_code, "The app" in page.text) == (200, True)
        assert page.headers["cache-control"] == "no-cache"
        assert "script-src 'self';" in page.headers["content-security-policy"]
    redirect = await browser.get("/app")
    assert (redirect.status_code, redirect.headers["location"]) == (307, "/app/")
    asset = await browser.get("/app/assets/index-abc.js")
    assert "immutable" in asset.headers["cache-control"]
    assert (await browser.get("/app/assets/index-old.js")).status_code == 404
    assert "not an asset" not in (await browser.get("/app/assets/..%2F..%2Fsecret.js")).text


async def test_without_a_build_the_page_says_how_to_make_one(
    browser: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_app, "DIST", tmp_path)
    page = await browser.get("/app/")
    assert page.status_code == 503
    assert "make web" in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_development_serves_the_app_and_production_does_not(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as development:
        assert (await development.http.get("/app/")).status_code in (200, 503)
    async with serving(database_dsn.server, environment="production", welcome_bonus="0") as production:
        for path in ("/app", "/app/", "/app/assets/x.js"):
            assert (await production.http.get(path)).status_code == 404


def test_the_lock_file_has_no_host_and_no_hash_of_the_local_tarball() -> None:
    for folder in ("clients/js", "examples/web"):
        lock = (ROOT / folder / "package-lock.json").read_text()
        assert "resolved" not in lock.replace('"resolved": "file:../../clients/js/pocketpay-client-0.1.0.tgz"', "")
    package = lock.partition('"node_modules/@pocketpay/client": {')[2].partition("}")[0]
    assert package
    assert "integrity" not in package
