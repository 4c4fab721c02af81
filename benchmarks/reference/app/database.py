"""The asynchronous SQLAlchemy setup. The reference document names this file without its text, so this is the usual
setup of FastAPI with asyncpg."""

import os

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.config import get_settings


class Base(DeclarativeBase):
    pass


engine = create_async_engine(
    get_settings().DATABASE_URL,
    pool_size=int(os.environ.get("POOL_SIZE", "16")),
    max_overflow=int(os.environ.get("MAX_OVERFLOW", "16")),
)
Session = async_sessionmaker(engine, expire_on_commit=False)


async def get_db():
    async with Session() as session:
        yield session
