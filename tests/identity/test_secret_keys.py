"""SECRET_KEY is replaced while servers run: nobody is signed out, and codes and links in earlier mails still work.

The steps of docs/operations.md: first every server accepts the new key, then every server signs with it, then no
server accepts the old one.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from uuid import UUID

import pytest

from pocketpay.api.statement_link import BadLink, StatementLinks
from pocketpay.database.sessions import Database
from pocketpay.identity.errors import InvalidCode, InvalidToken
from pocketpay.identity.refresh_session import refresh_session
from pocketpay.identity.services import IdentityServices
from pocketpay.ledger.month import Month
from pocketpay.settings import SecretKeys
from tests.identity.mailbox import last
from tests.identity.test_reset_password import requested, reset, shown_by, somebody
from tests.people import SECRET, Owner, arrive, receiving

NEW = (b"the next key, thirty-two bytes or more",)
BEFORE, ACCEPTS, SIGNS, AFTER = SECRET, SECRET + NEW, NEW + SECRET, NEW

Servers = dict[SecretKeys, IdentityServices]


@pytest.fixture
async def servers(database: Database) -> AsyncIterator[Servers]:
    """A server in each step of the change, all on one database."""
    async with AsyncExitStack() as stack:
        opened: Servers = {}
        for keys in (BEFORE, ACCEPTS, SIGNS, AFTER):
            one = receiving(database, keys, public_url="https://app.example.com")
            opened[keys] = await stack.enter_async_context(one)
            stack.push_async_callback(opened[keys].afterwards.close)
        yield opened


STEPS = [(BEFORE, ACCEPTS), (ACCEPTS, SIGNS), (SIGNS, AFTER)]
PAIRS = [pair for step in STEPS for pair in (step, step[::-1])]
"""Two servers that run at the same time, in both orders."""


async def test_servers_at_two_steps_of_the_key_change_accept_each_others_tokens_and_links(servers: Servers) -> None:
    month = Month.parse("2026-11", "UTC")
    for number, (here, there) in enumerate(PAIRS):
        ada = await arrive(servers[here], f"ada_{number}")
        assert await servers[there].gate.viewer(ada.tokens.access_token) == ada.viewer
        now = datetime.now(UTC)
        path, _, query = StatementLinks(here).link(ada.viewer.wallet_id, month, now=now).partition("?")
        parameters = dict(pair.split("=") for pair in query.split("&"))
        assert StatementLinks(there).read("2026-11", parameters, now=now) == (ada.viewer.wallet_id, month), path
    for keys in (ACCEPTS, SIGNS):
        with pytest.raises(BadLink):
            StatementLinks(keys).read("2026-11", parameters | {"signature": "x" * 43}, now=now)


async def test_a_refresh_whose_reply_is_lost_is_repeated_at_a_server_at_another_step_of_the_key_change(
    servers: Servers, owner: Owner
) -> None:
    """The server also notices that two clients use one token, even when another first key made its successor."""
    for number, (here, there) in enumerate(PAIRS):
        ada = await arrive(servers[here], f"ada_{number}")
        lost = await refresh_session(servers[here], ada.tokens.refresh_token)
        again = await refresh_session(servers[there], ada.tokens.refresh_token)
        assert again.tokens.refresh_token == lost.tokens.refresh_token
        await refresh_session(servers[here], again.tokens.refresh_token)
        assert not await _has_ended(owner, ada.viewer.session_id)
        with pytest.raises(InvalidToken):
            await refresh_session(servers[there], ada.tokens.refresh_token)
        assert await _has_ended(owner, ada.viewer.session_id)


async def test_a_session_from_before_the_key_change_stays_valid_after_it(servers: Servers) -> None:
    """This includes a client that was offline during the change: its refresh token is looked up without a key."""
    ada = await arrive(servers[BEFORE])
    assert await servers[AFTER].gate.viewer(ada.tokens.access_token) is None
    renewed = await refresh_session(servers[AFTER], ada.tokens.refresh_token)
    assert await servers[AFTER].gate.viewer(renewed.tokens.access_token) == ada.viewer


@pytest.mark.parametrize("way", ["code", "token"])
async def test_a_code_mailed_before_the_key_change_works_until_its_key_is_removed(
    servers: Servers, owner: Owner, way: str
) -> None:
    await somebody(servers[BEFORE])
    await requested(servers[BEFORE])
    mail = await last(servers[BEFORE], owner)
    with pytest.raises(InvalidCode):
        await reset(servers[AFTER], **shown_by(mail, way))
    await reset(servers[SIGNS], **shown_by(mail, way))
    # A mail that waited in the outbox is completed with the first key of the server that sends it.
    await requested(servers[BEFORE])
    sent = await last(servers[SIGNS], owner)
    assert getattr(sent, way) != getattr(await last(servers[BEFORE], owner), way)
    await reset(servers[ACCEPTS], **shown_by(sent, way))


async def _has_ended(owner: Owner, session_id: UUID) -> bool:
    ended: bool = await owner.fetchval("select revoked_at is not null from sessions where id = $1", session_id)
    return ended
