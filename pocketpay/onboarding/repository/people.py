"""The SQL of sign-up: the rows of a new person in every table."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from pocketpay.database.sessions import Session
from pocketpay.identity.errors import AlreadyExists
from pocketpay.money import Money

BONUS_DESCRIPTION = "Welcome bonus"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A new person before the write, with each field in the form in which it is stored.

    All ids are created before the write, so that the write can be repeated. A `bonus` of zero means no bonus.
    """

    user_id: UUID
    wallet_id: UUID
    username: str
    name: str
    email: str | None
    phone: str | None
    password_hash: str = field(repr=False)
    bonus: Money
    bonus_id: UUID
    entry_ids: tuple[UUID, UUID]


_NEWCOMER = """
with clock as materialized (select clock_timestamp() as now),
account as (
    insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at)
    select $1, 'wallet', $2, $3::bigint, 0, least($3::bigint, 1), least($3::bigint, 1), now from clock),
wallet as (
    insert into wallets (id, account_kind, currency, status, created_at, updated_at)
    select $1, 'wallet', $2, 'active', now, now from clock)
insert into users (id, username, name, email, phone, password_hash, role, wallet_id, created_at, updated_at)
select $4, $5, $6, $7, $8, $9, 'member', $1, now, now from clock
returning created_at
"""
_BONUS = """
with paid as (
    insert into transactions (id, type, status, currency, destination_wallet_id, amount, fee, description,
        risk_reasons, version, created_at, updated_at, completed_at)
    values ($1, 'bonus', 'completed', $2, $3, $4, 0, $5, '[]', 1, $6, $6, $6))
insert into ledger_entries
    (id, account_id, transaction_id, amount, currency, kind, sequence, balance_after, description, created_at)
select $7::uuid, $3, $1, $4::bigint, $2, 'wallet', 1, $4::bigint, $5, $6::timestamptz
union all
select $8::uuid, house.id, $1, -$4::bigint, $2, house.kind, null, null, $5, $6::timestamptz
from ledger_accounts house where house.kind = 'promotions' and house.currency = $2
"""


async def write(session: Session, newcomer: Newcomer) -> None:
    """Writes the account with the bonus in its balance, the wallet and the user, then the bonus and its two entries.

    Raises AlreadyExists when a unique value is taken; the unit of work must then be rolled back.
    """
    try:
        created_at: datetime = await session.fetchval(
            _NEWCOMER,
            newcomer.wallet_id,
            newcomer.bonus.currency,
            newcomer.bonus.minor,
            newcomer.user_id,
            newcomer.username,
            newcomer.name,
            newcomer.email,
            newcomer.phone,
            newcomer.password_hash,
        )
    except asyncpg.UniqueViolationError as violation:
        raise AlreadyExists(violation.constraint_name) from violation
    if newcomer.bonus.minor:
        await session.execute(
            _BONUS,
            newcomer.bonus_id,
            newcomer.bonus.currency,
            newcomer.wallet_id,
            newcomer.bonus.minor,
            BONUS_DESCRIPTION,
            created_at,
            *newcomer.entry_ids,
        )
