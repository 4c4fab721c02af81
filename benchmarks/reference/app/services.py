"""LedgerService, RiskService and BankingService are copied from the reference document. TransferService follows from
its file tree and models."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import get_settings
from app.models import LedgerEntry, Transaction, TransactionStatus, TransactionType


class LedgerService:
    def __init__(self, db: AsyncSession):
        self.db = db

    async def get_balance(self, wallet_id: UUID) -> Decimal:
        q = select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(LedgerEntry.wallet_id == wallet_id)
        return Decimal((await self.db.execute(q)).scalar() or 0)

    async def get_pending_balance(self, wallet_id: UUID) -> Decimal:
        q = (
            select(func.coalesce(func.sum(Transaction.amount), 0))
            .where(Transaction.sender_wallet_id == wallet_id)
            .where(Transaction.status == TransactionStatus.PENDING_CONFIRMATION)
        )
        return Decimal((await self.db.execute(q)).scalar() or 0)

    async def create_transfer_entries(
        self, transaction_id, sender_wallet_id, recipient_wallet_id, amount, description
    ):
        debit = LedgerEntry(
            wallet_id=sender_wallet_id,
            amount=-amount,
            reference_transaction_id=transaction_id,
            description=f"Sent: {description}",
        )
        credit = LedgerEntry(
            wallet_id=recipient_wallet_id,
            amount=amount,
            reference_transaction_id=transaction_id,
            description=f"Received: {description}",
        )
        self.db.add(debit)
        self.db.add(credit)
        await self.db.flush()
        return debit, credit

    async def create_entry(self, wallet_id, amount, description, transaction_id=None):
        entry = LedgerEntry(
            wallet_id=wallet_id, amount=amount, reference_transaction_id=transaction_id, description=description
        )
        self.db.add(entry)
        await self.db.flush()
        return entry


class RiskAssessment:
    def __init__(self, is_risky: bool = False, reason: str | None = None):
        self.is_risky = is_risky
        self.reason = reason


class RiskService:
    def __init__(self, db: AsyncSession):
        self.db = db
        self.settings = get_settings()

    async def assess_transfer(self, sender_wallet_id, recipient_wallet_id, amount) -> RiskAssessment:
        if amount > self.settings.LARGE_TRANSFER_THRESHOLD:
            return RiskAssessment(True, f"Large transfer over ${self.settings.LARGE_TRANSFER_THRESHOLD:.0f}")
        if await self._is_new_recipient(sender_wallet_id, recipient_wallet_id):
            return RiskAssessment(True, "First transfer to this recipient")
        if await self._has_rapid_transfers(sender_wallet_id):
            return RiskAssessment(
                True, f"Multiple transfers in {self.settings.RAPID_TRANSFER_WINDOW_MINUTES} minutes"
            )
        return RiskAssessment()

    async def _is_new_recipient(self, sender_wallet_id, recipient_wallet_id) -> bool:
        q = (
            select(func.count(Transaction.id))
            .where(Transaction.sender_wallet_id == sender_wallet_id)
            .where(Transaction.recipient_wallet_id == recipient_wallet_id)
            .where(Transaction.status == TransactionStatus.COMPLETED)
        )
        return (await self.db.execute(q)).scalar() == 0

    async def _has_rapid_transfers(self, sender_wallet_id) -> bool:
        since = datetime.utcnow() - timedelta(minutes=self.settings.RAPID_TRANSFER_WINDOW_MINUTES)
        q = (
            select(func.count(Transaction.id))
            .where(Transaction.sender_wallet_id == sender_wallet_id)
            .where(Transaction.created_at >= since)
        )
        return (await self.db.execute(q)).scalar() >= self.settings.RAPID_TRANSFER_COUNT


class TransferService:
    """get_balance -> assess_transfer -> Transaction -> create_transfer_entries -> commit.

    As in the document's services, there is no lock between get_balance and the entries: two concurrent
    sends can both pass the balance check. This is a known defect of the reference backend.
    """

    def __init__(self, db: AsyncSession):
        self.db = db
        self.ledger = LedgerService(db)
        self.risk = RiskService(db)

    async def send(self, sender_wallet_id, recipient_wallet_id, amount, description, confirmed=False) -> Transaction:
        if await self.ledger.get_balance(sender_wallet_id) < amount:
            raise ValueError("Insufficient balance")
        risk = await self.risk.assess_transfer(sender_wallet_id, recipient_wallet_id, amount)
        pending = risk.is_risky and not confirmed
        tx = Transaction(
            type=TransactionType.SEND,
            sender_wallet_id=sender_wallet_id,
            recipient_wallet_id=recipient_wallet_id,
            amount=amount,
            description=description,
            is_risky=risk.is_risky,
            risk_reason=risk.reason,
            status=TransactionStatus.PENDING_CONFIRMATION if pending else TransactionStatus.COMPLETED,
        )
        self.db.add(tx)
        await self.db.flush()
        if not pending:
            await self.ledger.create_transfer_entries(
                tx.id, sender_wallet_id, recipient_wallet_id, amount, description
            )
        await self.db.commit()
        return tx


class BankingService:
    def __init__(self, db: AsyncSession):
        self.db = db
        self.ledger = LedgerService(db)
        self.settings = get_settings()

    async def _post(self, kind, wallet_id, amount, description):
        deposit = kind is TransactionType.DEPOSIT
        tx = Transaction(
            type=kind,
            amount=amount,
            description=description,
            status=TransactionStatus.COMPLETED,
            **{"recipient_wallet_id" if deposit else "sender_wallet_id": wallet_id},
        )
        self.db.add(tx)
        await self.db.flush()
        await self.ledger.create_entry(wallet_id, amount if deposit else -amount, description, tx.id)
        await self.db.commit()
        return tx

    async def deposit(self, wallet_id, amount, bank_name):
        return await self._post(TransactionType.DEPOSIT, wallet_id, amount, f"Deposit from {bank_name}")

    async def withdraw(self, wallet_id, amount, bank_name, speed="standard"):
        fee = Decimal("0")
        if speed == "instant":
            fee = amount * Decimal(str(self.settings.INSTANT_WITHDRAWAL_FEE_PERCENT / 100))
        total = amount + fee
        if await self.ledger.get_balance(wallet_id) < total:
            raise ValueError("Insufficient balance for withdrawal")
        tx = await self._post(TransactionType.WITHDRAWAL, wallet_id, total, f"Withdrawal to {bank_name} ({speed})")
        return tx, fee
