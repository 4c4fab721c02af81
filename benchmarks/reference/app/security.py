"""Bearer JWTs (HS256, sub = user id), implemented here because python-jose is a little slower. get_current_user loads
the user and their wallet from the database on every request, because the endpoints use current_user.wallet.id."""

import base64
import hashlib
import hmac
import json
import time
from uuid import UUID

from fastapi import Depends, HTTPException, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.config import get_settings
from app.database import get_db
from app.models import User


def _b64(b: bytes) -> str:
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def _sign(msg: str) -> str:
    return _b64(hmac.new(get_settings().SECRET_KEY.encode(), msg.encode(), hashlib.sha256).digest())


def make_token(sub: str) -> str:
    exp = int(time.time()) + 60 * get_settings().ACCESS_TOKEN_EXPIRE_MINUTES
    msg = _b64(b'{"alg":"HS256","typ":"JWT"}') + "." + _b64(json.dumps({"sub": sub, "exp": exp}).encode())
    return msg + "." + _sign(msg)


def read_token(token: str) -> str:
    msg, _, sig = token.rpartition(".")
    if not hmac.compare_digest(sig, _sign(msg)):
        raise ValueError("signature")
    body = msg.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if claims["exp"] < time.time():
        raise ValueError("expired")
    return claims["sub"]


async def get_current_user(request: Request, db: AsyncSession = Depends(get_db)) -> User:
    try:
        sub = UUID(read_token(request.headers.get("authorization", "").removeprefix("Bearer ")))
    except Exception:
        raise HTTPException(401, "Not authenticated")
    user = (await db.execute(select(User).options(joinedload(User.wallet)).where(User.id == sub))).scalar()
    if user is None:
        raise HTTPException(401, "Not authenticated")
    return user
