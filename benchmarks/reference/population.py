"""Creates users of the reference backend: wallets with an opening deposit, and one wallet for each length in
HISTORIES with that number of entries."""

import asyncio
import json
import sys

from app.database import Base, engine
from app.security import make_token
from sqlalchemy import text

HISTORIES = (10, 100_000)


async def populate(people: int) -> dict[str, list[dict[str, str]]]:
    """Recreates the tables and creates all users. Returns the wallet and the token of each one: `people`, and
    `histories` with the wallets of HISTORIES."""
    everyone = people + len(HISTORIES)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(
            text(
                "insert into users (id, name, username, password_hash, created_at) "
                "select gen_random_uuid(), 'u' || n, 'u' || n, 'x', now() from generate_series(1, :n) n"
            ),
            {"n": everyone},
        )
        await connection.execute(
            text(
                "insert into wallets (id, user_id, currency, created_at) "
                "select gen_random_uuid(), id, 'USD', now() from users"
            )
        )
        await connection.execute(
            text(
                "insert into ledger_entries (id, wallet_id, amount, description, created_at) "
                "select gen_random_uuid(), id, 1000000, 'opening', now() from wallets"
            )
        )
        rows = list(
            await connection.execute(
                text("select u.id, w.id from users u join wallets w on w.user_id = u.id order by u.username")
            )
        )
        for (_, wallet), length in zip(rows[people:], HISTORIES, strict=True):
            await connection.execute(
                text(
                    "insert into ledger_entries (id, wallet_id, amount, description, created_at) "
                    "select gen_random_uuid(), :wallet, 1, 'history', now() from generate_series(2, :length)"
                ),
                {"wallet": wallet, "length": length},
            )
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("vacuum analyze"))
    made = [{"wallet": str(wallet), "token": make_token(str(user))} for user, wallet in rows]
    return {"people": made[:people], "histories": made[people:]}


if __name__ == "__main__":
    json.dump(asyncio.run(populate(int(sys.argv[1]))), sys.stdout)
