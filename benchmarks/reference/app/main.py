"""The FastAPI application. /banking/* is copied from the reference document; /transfers and /wallet/balance have the
names in its file tree."""

from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Base, engine, get_db
from app.security import get_current_user
from app.services import BankingService, LedgerService, TransferService


@asynccontextmanager
async def lifespan(_):
    async with engine.begin() as conn:
        await conn.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)


class DepositRequest(BaseModel):
    amount: float
    bank_name: str


class WithdrawRequest(DepositRequest):
    speed: str = "standard"


class BankingResponse(BaseModel):
    success: bool
    transaction_id: str
    message: str
    fee: float = 0


class TransferRequest(BaseModel):
    recipient_wallet_id: UUID
    amount: float
    description: str
    confirmed: bool = False


class TransferResponse(BaseModel):
    success: bool
    transaction_id: str
    status: str
    is_risky: bool
    risk_reason: str | None = None


class BalanceResponse(BaseModel):
    balance: float
    pending: float
    currency: str


@app.post("/banking/deposit", response_model=BankingResponse)
async def deposit(request: DepositRequest, db: AsyncSession = Depends(get_db), user=Depends(get_current_user)):
    try:
        tx = await BankingService(db).deposit(user.wallet.id, Decimal(str(request.amount)), request.bank_name)
    except Exception as e:
        raise HTTPException(status_code=400, detail=str(e))
    return BankingResponse(
        success=True, transaction_id=str(tx.id), message=f"Successfully deposited ${request.amount:.2f}"
    )


@app.post("/banking/withdraw", response_model=BankingResponse)
async def withdraw(request: WithdrawRequest, db: AsyncSession = Depends(get_db), user=Depends(get_current_user)):
    try:
        tx, fee = await BankingService(db).withdraw(
            user.wallet.id, Decimal(str(request.amount)), request.bank_name, request.speed
        )
    except ValueError as e:
        raise HTTPException(status_code=400, detail=str(e))
    message = f"Successfully withdrew ${request.amount:.2f}" + (f" (fee: ${fee:.2f})" if fee > 0 else "")
    return BankingResponse(success=True, transaction_id=str(tx.id), message=message, fee=float(fee))


@app.post("/transfers", response_model=TransferResponse)
async def transfer(request: TransferRequest, db: AsyncSession = Depends(get_db), user=Depends(get_current_user)):
    try:
        tx = await TransferService(db).send(
            user.wallet.id,
            request.recipient_wallet_id,
            Decimal(str(request.amount)),
            request.description,
            request.confirmed,
        )
    except ValueError as e:
        raise HTTPException(status_code=400, detail=str(e))
    return TransferResponse(
        success=True,
        transaction_id=str(tx.id),
        status=tx.status.value,
        is_risky=tx.is_risky,
        risk_reason=tx.risk_reason,
    )


@app.get("/wallet/balance", response_model=BalanceResponse)
async def balance(db: AsyncSession = Depends(get_db), user=Depends(get_current_user)):
    ledger = LedgerService(db)
    return BalanceResponse(
        balance=float(await ledger.get_balance(user.wallet.id)),
        pending=float(await ledger.get_pending_balance(user.wallet.id)),
        currency=user.wallet.currency,
    )
