"""The tables users, wallets, ledger_entries and transactions. The reference document names money_requests and cards
without their text, so they are not here."""

import enum
import uuid
from datetime import datetime

from sqlalchemy import Boolean, Column, DateTime, Enum, ForeignKey, Numeric, String
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import relationship

from app.database import Base


def pk():
    return Column(UUID(as_uuid=True), primary_key=True, default=uuid.uuid4)


def created(index=False):
    return Column(DateTime, default=datetime.utcnow, nullable=False, index=index)


def updated():
    return Column(DateTime, default=datetime.utcnow, onupdate=datetime.utcnow)


class User(Base):
    __tablename__ = "users"
    id = pk()
    name = Column(String(100), nullable=False)
    username = Column(String(50), unique=True, nullable=False, index=True)
    email = Column(String(255), unique=True, nullable=True, index=True)
    phone = Column(String(20), nullable=True)
    password_hash = Column(String(255), nullable=False)
    avatar_url = Column(String(500), nullable=True)
    created_at = created()
    updated_at = updated()
    wallet = relationship("Wallet", back_populates="user", uselist=False)


class Wallet(Base):
    __tablename__ = "wallets"
    id = pk()
    user_id = Column(UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), unique=True, nullable=False)
    currency = Column(String(3), default="USD", nullable=False)
    created_at = created()
    updated_at = updated()
    user = relationship("User", back_populates="wallet")


class TransactionStatus(str, enum.Enum):
    CREATED = "created"
    PENDING_CONFIRMATION = "pending_confirmation"
    COMPLETED = "completed"
    BLOCKED = "blocked"
    FAILED = "failed"


class TransactionType(str, enum.Enum):
    SEND = "send"
    RECEIVE = "receive"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    REQUEST = "request"


class Transaction(Base):
    __tablename__ = "transactions"
    id = pk()
    type = Column(Enum(TransactionType), nullable=False)
    sender_wallet_id = Column(UUID(as_uuid=True), ForeignKey("wallets.id", ondelete="SET NULL"), index=True)
    recipient_wallet_id = Column(UUID(as_uuid=True), ForeignKey("wallets.id", ondelete="SET NULL"), index=True)
    amount = Column(Numeric(15, 2), nullable=False)
    description = Column(String(500), nullable=False)
    status = Column(Enum(TransactionStatus), default=TransactionStatus.CREATED, nullable=False, index=True)
    is_risky = Column(Boolean, default=False, nullable=False)
    risk_reason = Column(String(500), nullable=True)
    created_at = created(index=True)
    updated_at = updated()


class LedgerEntry(Base):
    __tablename__ = "ledger_entries"
    id = pk()
    wallet_id = Column(UUID(as_uuid=True), ForeignKey("wallets.id", ondelete="RESTRICT"), nullable=False, index=True)
    amount = Column(Numeric(15, 2), nullable=False)
    reference_transaction_id = Column(UUID(as_uuid=True), ForeignKey("transactions.id"), nullable=True)
    description = Column(String(500), nullable=True)
    created_at = created(index=True)
