"""A book in memory, without a database: two wallets with 100.00 each, and whatever a test adds to it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.bank_accounts.bank_account import BankAccount, Provider
from pocketpay.banking.bank import BankUse, LinkStatus
from pocketpay.cards.card import Card, CardStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Key
from pocketpay.ledger.account import Account
from pocketpay.ledger.house import HouseAccounts, HouseKind
from pocketpay.money import Money
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.wallets.balance import Standing, WalletStatus
from tests.payments.customers import without_risk_rules

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ADA, BOB, EVE = (uuids.uuid7() for _ in range(3))
HOUSE = HouseAccounts.of([(uuids.uuid7(), kind.value, "USD") for kind in HouseKind])
HUNDRED = Money(10_000, "USD")


def book() -> Book:
    """A book with the wallets of Ada, Bob and Eve. Nothing happened yet."""
    open_ = Standing(WalletStatus.ACTIVE, None, NOW - timedelta(days=9))
    return Book(
        NOW,
        without_risk_rules(),
        HOUSE,
        accounts={id: Account(id, "USD", 10_000, 0, 1, 1, NOW - timedelta(days=1)) for id in (ADA, BOB, EVE)},
        standings=dict.fromkeys((ADA, BOB, EVE), open_),
    )


def key(wallet_id: UUID = ADA, operation: str = "transfer", fingerprint: bytes = bytes(32)) -> Key:
    return Key(wallet_id, "a key of a test", operation, fingerprint)


def payment(
    status: Status, type: Type = Type.SEND, *, source: UUID | None = ADA, to: UUID | None = BOB
) -> Transaction:
    """A transaction of 40.00 in that status."""
    return Transaction(
        id=uuids.uuid7(),
        type=type,
        status=status,
        source_wallet_id=source,
        destination_wallet_id=to,
        amount=Money(4_000, "USD"),
        fee=Money(0, "USD"),
        description="Lunch",
        expires_at=NOW + timedelta(minutes=15) if status is Status.PENDING_CONFIRMATION else None,
        created_at=NOW - timedelta(hours=1),
        updated_at=NOW - timedelta(hours=1),
        completed_at=NOW - timedelta(hours=1) if status is Status.COMPLETED else None,
    )


def held(book: Book, type: Type = Type.SEND) -> Transaction:
    """A held payment from Ada to Bob, in the book with its hold."""
    waiting = payment(Status.PENDING_CONFIRMATION, type)
    book.accounts[ADA] = replace(book.accounts[ADA], held=4_000)
    return added(book, waiting)


def added(book: Book, transaction: Transaction) -> Transaction:
    book.add(transaction)
    return transaction


def request(book: Book, status: RequestStatus = RequestStatus.PENDING) -> MoneyRequest:
    """A request of Bob for 40.00 from Ada, in the book."""
    asked = MoneyRequest(
        id=uuids.uuid7(),
        requester_wallet_id=BOB,
        payer_wallet_id=ADA,
        amount=Money(4_000, "USD"),
        description="Lunch",
        status=status,
        expires_at=NOW + timedelta(days=1),
        created_at=NOW - timedelta(hours=1),
        updated_at=NOW - timedelta(hours=1),
    )
    book.requests[asked.id] = asked
    return asked


def card(book: Book, status: CardStatus = CardStatus.ACTIVE) -> Card:
    """A card of Ada's wallet, in the book."""
    made = Card(
        id=uuids.uuid7(),
        wallet_id=ADA,
        currency="USD",
        label="A card",
        brand="VISA",
        last4="4242",
        expiry_month=12,
        expiry_year=2030,
        status=status,
        spent=Money(0, "USD"),
        spent_in=date(2026, 3, 1),
        created_at=NOW,
        updated_at=NOW,
    )
    book.cards[made.id] = made
    return made


def bank_account(book: Book, status: LinkStatus = LinkStatus.ACTIVE, *, currency: str = "USD") -> BankAccount:
    """A bank account of Ada, for both uses, in the book."""
    linked = BankAccount(
        id=uuids.uuid7(),
        wallet_id=ADA,
        user_id=uuids.uuid7(),
        currency=currency,
        provider=Provider.SIMULATED,
        use=BankUse.DEPOSIT,
        uses=tuple(BankUse),
        status=status,
        created_at=NOW,
        updated_at=NOW,
    )
    book.bank_accounts[linked.id] = linked
    return linked
