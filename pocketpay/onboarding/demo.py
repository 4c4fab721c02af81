"""People to play with: alice and bob, who have paid one another, carol, who is new to both, and olivia.

    alice   1,500 from her bank, two payments to bob, one from him; a card
    bob     400 from his bank
    carol   250 from her bank; whoever pays her is asked first, for she is a new recipient. She has asked alice for
            money
    olivia  is to be an operator: whoever has this made gives her the role

Made by the same instructions that people's own requests are, each with a key of its own: making them again moves
nothing. Only on our own PostgreSQL and in development: their password is written here.
"""

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

PASSWORD = "pocket-pay-demo"  # noqa: S105 - nobody's money is behind it

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
"""Who asks whom. Amounts here are whole: they are one in every currency."""


def wanted(settings: Settings) -> bool:
    """Whether a server of those settings has demo people."""
    return settings.embedded and not settings.production


def require_wanted(settings: Settings) -> None:
    """Raises SettingsError when a server of those settings has no demo people."""
    if not wanted(settings):
        raise SettingsError(
            "Demo users need development mode and the embedded PostgreSQL. Unset DATABASE_URL and ENVIRONMENT."
        )


async def seed(settings: Settings, server_dsn: str) -> frozenset[str]:
    """Makes the demo people and their history where they are not there yet; gives the usernames that are theirs.

    Raises SettingsError where there are to be none, ServiceBusy when the database does not answer.
    """
    require_wanted(settings)
    async with AsyncExitStack() as open_:
        database = await Database.open(server_dsn, readers=1, writers=1)
        open_.push_async_callback(database.close)
        desk = await Desk.open(database, settings)
        open_.push_async_callback(desk.close)
        # No token made here is ever shown, so any key will do.
        services = IdentityServices.open(database, settings, PASSWORD.encode(), require_unlocked=require_unlocked)
        open_.callback(services.close)
        wallets = await _wallets(services, settings)
        await _live_their_lives(desk, wallets)
        return frozenset(wallets)


async def _wallets(services: IdentityServices, settings: Settings) -> dict[str, UUID]:
    """The demo people's wallets, known by their password; who is not there yet signs up."""
    wallets = {}
    for username, name in NAMES.items():
        async with services.database.read() as session:
            there = await people.by_username(session, username)
        if there is not None:
            # Somebody else may have taken the name, in production say: their money is not ours to move.
            if (await services.passwords.verify(there.password_hash, PASSWORD)).matches:
                wallets[username] = there.user.wallet_id
            continue
        form = Form(username, name, PASSWORD, f"{username}@example.com", currency=settings.served_currencies[0])
        signed_up = await sign_up(services, settings, form, address="", user_agent=None)
        if signed_up.admission is not None:
            wallets[username] = signed_up.admission.user.wallet_id
            # Nobody has the tokens that were made with it.
            await sign_out(services, signed_up.admission.viewer)
    return wallets


async def _live_their_lives(desk: Desk, wallets: dict[str, UUID]) -> None:
    for username, amount in DEPOSITS:
        if username in wallets:
            with suppress(Refusal):
                await deposit(
                    desk,
                    wallets[username],
                    raw_amount=amount,
                    raw_bank_name="First Demo Bank",
                    raw_key=f"demo deposit {username}",
                )
    for number, (sender, recipient, amount, description) in enumerate(PAYMENTS):
        if sender in wallets:
            with suppress(Refusal):
                await _pay(desk, wallets[sender], recipient, amount, description, f"demo payment {number}")
    for number, (requester, payer, amount, description) in enumerate(REQUESTS):
        if requester in wallets and payer in wallets:
            with suppress(Refusal):
                await request_money(
                    desk,
                    wallets[requester],
                    raw_from=payer,
                    raw_amount=amount,
                    raw_description=description,
                    raw_key=f"demo request {number}",
                )
    for number, (username, label) in enumerate(CARDS):
        if username in wallets:
            with suppress(Refusal):
                await issue_card(desk, wallets[username], raw_label=label, raw_key=f"demo card {number}")


async def _pay(desk: Desk, wallet_id: UUID, to: str, amount: str, description: str, key: str) -> None:
    paid = await transfer(desk, wallet_id, raw_to=to, raw_amount=amount, raw_description=description, raw_key=key)
    if paid.transaction.status is Status.PENDING_CONFIRMATION:
        await confirm(desk, wallet_id, paid.transaction.id)
