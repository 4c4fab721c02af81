"""The demo people: alice, bob, carol and olivia, with a history.

    alice   a deposit of 1,500; two payments to bob, one from bob; a card
    bob     a deposit of 400
    carol   a deposit of 250; a money request to alice. She is a new recipient for the others, so a payment to her
            must be confirmed
    olivia  becomes an operator; the caller of `seed` gives her the role

They are created with the same instructions as real requests, each with its own idempotency key, so creating them
again moves no money. They exist only in development and on the embedded PostgreSQL, because their password is public.
"""

from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack, suppress
from uuid import UUID

from pocketpay.database.sessions import Database
from pocketpay.errors import Refusal
from pocketpay.identity.repository import people
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sessions import sign_out
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.lock_out import require_unlocked
from pocketpay.onboarding.sign_up import sign_up
from pocketpay.payments.confirm import confirm
from pocketpay.payments.deposit import deposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.issue_card import issue_card
from pocketpay.payments.request_money import request_money
from pocketpay.payments.transfer import transfer
from pocketpay.settings import Settings, SettingsError
from pocketpay.transactions.lifecycle import Status

PASSWORD = "pocket-pay-demo"  # noqa: S105 - it protects no real money

NAMES = {"alice": "Alice Arden", "bob": "Bob Birch", "carol": "Carol Cedar", "olivia": "Olivia Oak"}

OPERATOR = "olivia"

DEPOSITS = (("alice", "1500"), ("bob", "400"), ("carol", "250"))

PAYMENTS = (
    ("alice", "bob", "45", "Dinner at Rosa's"),
    ("bob", "alice", "20", "Cinema tickets"),
    ("alice", "bob", "12", "Coffee and cake"),
)

CARDS = (("alice", "Groceries"),)

REQUESTS = (("carol", "alice", "24", "Your ticket for the museum"),)
"""Requester, payer, amount, description. All amounts in this module are whole numbers, valid in every currency."""


def is_enabled(settings: Settings) -> bool:
    """Whether a server with these settings has demo people."""
    return settings.embedded and not settings.production


def require_enabled(settings: Settings) -> None:
    """Raises SettingsError when a server with these settings has no demo people."""
    if not is_enabled(settings):
        raise SettingsError(
            "Demo users need development mode and the embedded PostgreSQL. Unset DATABASE_URL and ENVIRONMENT."
        )


async def seed(settings: Settings, server_dsn: str) -> frozenset[str]:
    """Creates the demo people and their history, if they do not exist yet. Returns the usernames of the demo people.

    Raises SettingsError when the settings do not allow demo people, ServiceBusy when the database does not answer.
    """
    require_enabled(settings)
    async with AsyncExitStack() as stack:
        database = await Database.open(server_dsn, readers=1, writers=1)
        stack.push_async_callback(database.close)
        desk = await Desk.open(database, settings, lanes=1)
        stack.push_async_callback(desk.close)
        # Tokens created here are never used, so any key is good enough.
        services = IdentityServices.open(database, settings, (PASSWORD.encode(),), require_unlocked=require_unlocked)
        stack.callback(services.close)
        wallets = await _wallets(services, settings)
        await _create_history(desk, wallets)
        return frozenset(wallets)


async def _wallets(services: IdentityServices, settings: Settings) -> dict[str, UUID]:
    """Returns the wallets of the demo people by username, and signs up the people who do not exist yet.

    An existing user is a demo person only if the demo password is theirs.
    """
    wallets = {}
    for username, name in NAMES.items():
        async with services.database.read() as session:
            existing = await people.by_username(session, username)
        if existing is not None:
            # A real person may have this username. Their money must not be moved.
            if (await services.passwords.verify(existing.password_hash, PASSWORD)).matches:
                wallets[username] = existing.user.wallet_id
            continue
        form = Form(username, name, PASSWORD, f"{username}@example.com", currency=settings.served_currencies[0])
        signed_up = await sign_up(services, settings, form, address="", user_agent=None)
        if signed_up.admission is not None:
            wallets[username] = signed_up.admission.user.wallet_id
            # The session is not needed: its tokens are not given to anybody.
            await sign_out(services, signed_up.admission.viewer)
    return wallets


async def _create_history(desk: Desk, wallets: dict[str, UUID]) -> None:
    for step in _history(desk, wallets):
        with suppress(Refusal):
            await step


def _history(desk: Desk, wallets: dict[str, UUID]) -> Iterator[Awaitable[object]]:
    """Yields the steps of the history, in order, without those of people who have no wallet here."""
    for username, amount in DEPOSITS:
        if username in wallets:
            yield deposit(
                desk,
                wallets[username],
                raw_amount=amount,
                raw_bank_name="First Demo Bank",
                raw_key=f"demo deposit {username}",
            )
    for number, (sender, recipient, amount, description) in enumerate(PAYMENTS):
        if sender in wallets:
            yield _pay(desk, wallets[sender], recipient, amount, description, f"demo payment {number}")
    for number, (requester, payer, amount, description) in enumerate(REQUESTS):
        if requester in wallets and payer in wallets:
            yield request_money(
                desk,
                wallets[requester],
                raw_from=payer,
                raw_amount=amount,
                raw_description=description,
                raw_key=f"demo request {number}",
            )
    for number, (username, label) in enumerate(CARDS):
        if username in wallets:
            yield issue_card(desk, wallets[username], raw_label=label, raw_key=f"demo card {number}")


async def _pay(desk: Desk, wallet_id: UUID, to: str, amount: str, description: str, key: str) -> None:
    paid = await transfer(desk, wallet_id, raw_to=to, raw_amount=amount, raw_description=description, raw_key=key)
    if paid.transaction.status is Status.PENDING_CONFIRMATION:
        await confirm(desk, wallet_id, paid.transaction.id)
