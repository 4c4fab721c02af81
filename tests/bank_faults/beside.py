"""The model of the rules, which follows a walk: after every step the wallets and the orders must be as it says.

The model decides about each order by itself. It is told what it cannot know: the bank's answer to an order, how much
of a return was booked, and a freeze. The end of the walk compares those with the bank.
"""

from typing import Any
from uuid import UUID

from tests.model.model import Model
from tests.model.orders import BankAnswer, Deposit, Reply, Reverse, Withdraw
from tests.model.store import Rules, Wallet
from tests.payments.customers import Records

NO_LIMIT = 10**9

ROWS = """
select id, type, status, amount, fee, failure_code, refund_of, refunded,
    coalesce(source_wallet_id, destination_wallet_id) as wallet_id
from transactions order by created_at, id
"""
WALLETS = """
select a.id, posted, held, a.version, case w.status when 'frozen' then w.frozen_for else w.status end as state
from ledger_accounts a join wallets w on w.id = a.id
"""


class Beside:
    """The model of these wallets."""

    def __init__(self, records: Records, wallets: list[UUID]) -> None:
        self._records, self._names = records, {id: str(id) for id in wallets}
        rules = Rules(daily_limits=dict.fromkeys(("deposit", "withdrawal", "transfer"), NO_LIMIT))
        self.model = Model({name: Wallet() for name in self._names.values()}, rules)

    async def follow(self, step: object) -> None:
        """Lets the model do what happened in a step, and compares."""
        rows = await self._records.connection.fetch(ROWS)
        for row in rows:
            if row["type"] != "refund":
                self._order(row, step)
        for row in rows:
            if row["type"] == "refund" and row["id"] not in self.model.payments:
                who = self._names[row["wallet_id"]]
                assert self._process(Reverse(row["id"], who, row["refund_of"], row["amount"])).why is None, step
        for row in rows:
            payment = self.model.payments[row["id"]]
            told = (row["status"], row["fee"], row["failure_code"], row["refunded"])
            assert told == (payment.status, payment.fee, payment.why, payment.refunded), (step, dict(row))
        await self._wallets(step)

    def _order(self, row: Any, step: object) -> None:
        id, who = row["id"], self._names[row["wallet_id"]]
        if id not in self.model.payments:
            key = str(id)
            is_instant = row["fee"] > 0
            self._process(
                Deposit(id, who, row["amount"], key)
                if row["type"] == "deposit"
                else Withdraw(id, who, row["amount"], is_instant, key)
            )
            assert id in self.model.payments, (step, dict(row))
        if self.model.payments[id].status == "created" and row["status"] in ("completed", "failed"):
            self._process(BankAnswer(who, id, row["status"] == "completed"))

    async def _wallets(self, step: object) -> None:
        for row in await self._records.connection.fetch(WALLETS):
            wallet = self.model.wallets[self._names[row["id"]]]
            kept = (row["posted"], row["held"], row["version"])
            assert kept == (wallet.posted, wallet.held, wallet.changes), (step, kept, wallet)
            wallet.state = row["state"]

    def _process(self, order: Any) -> Reply:
        return self.model.process(order)
