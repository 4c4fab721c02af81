"""The settings, with the names and defaults of the reference document."""

import os
from dataclasses import dataclass, fields
from functools import lru_cache


@dataclass
class Settings:
    DATABASE_URL: str = "postgresql+asyncpg://user:pass@localhost:5432/pocketpay"
    SECRET_KEY: str = "your-secret-key-change-in-production"
    ALGORITHM: str = "HS256"
    ACCESS_TOKEN_EXPIRE_MINUTES: int = 60 * 24 * 7
    LARGE_TRANSFER_THRESHOLD: float = 500.00
    RAPID_TRANSFER_COUNT: int = 5
    RAPID_TRANSFER_WINDOW_MINUTES: int = 60
    INSTANT_WITHDRAWAL_FEE_PERCENT: float = 1.5
    WELCOME_BONUS: float = 100.00


@lru_cache()
def get_settings() -> Settings:
    return Settings(**{f.name: type(f.default)(os.environ[f.name]) for f in fields(Settings) if f.name in os.environ})
