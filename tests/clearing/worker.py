"""A process that moves money until it is killed: a clearing, some clients, and a diary of their orders and answers.

    python -m tests.clearing.worker DSN DIARY username:wallet …

Each line of the diary is one write, so a kill never leaves half a line:

    TRY key                   an order is about to be sent
    ACK key id status         the answer
    GONE key                  the answer was "not done", and the client does not try again
    END id status             a held payment was confirmed or cancelled
"""

import asyncio
import os
import random
import sys
from dataclasses import dataclass
from uuid import UUID, uuid4

from pocketpay.clearing.outcome import Answer
from pocketpay.database.failures import ServiceBusy
from pocketpay.errors import Refusal
from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.transactions.lifecycle import Status
from tests.payments.customers import Person, new_key, open_desk, pay_in, send, terms

CLIENTS = 12


@dataclass
class Client:
    """Pays, retries with the same key when the answer says so, and sometimes gives up when nothing was done."""

    desk: Desk
    customers: list[Person]
    diary: int
    chance: random.Random

    def note(self, *words: object) -> None:
        os.write(self.diary, (" ".join(map(str, words)) + "\n").encode())

    async def pay(self) -> None:
        sender, to = self.chance.sample(self.customers, 2)
        key, amount = new_key(), self.chance.choice(("0.01", "0.50", "6.00"))
        deposits = self.chance.random() < 0.1
        self.note("TRY", key)
        may_be_there = False
        while True:
            try:
                answer = await (
                    pay_in(self.desk, sender, amount, key=key)
                    if deposits
                    else send(self.desk, sender, to, amount, key=key)
                )
            except ServiceBusy as busy:
                may_be_there = may_be_there or busy.may_have_happened
                if not may_be_there and self.chance.random() < 0.5:
                    self.note("GONE", key)
                    return
                await asyncio.sleep(0.05)
            except Refusal:
                return
            else:
                self.note("ACK", key, answer.transaction.id, answer.transaction.status)
                await self.answer(sender, answer)
                return

    async def answer(self, sender: Person, held: Answer) -> None:
        """Confirms or cancels a held payment."""
        if held.transaction.status is not Status.PENDING_CONFIRMATION:
            return
        verb = confirm if self.chance.random() < 0.6 else cancel
        try:
            ended = await verb(self.desk, sender.wallet_id, held.transaction.id)
        except (ServiceBusy, Refusal):
            return
        self.note("END", ended.transaction.id, ended.transaction.status)


async def work(dsn: str, diary: str, named: list[str]) -> None:
    customers = [Person(name, uuid4(), UUID(wallet), "USD") for name, wallet in (one.split(":") for one in named)]
    file = os.open(diary, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    risky = terms(new_recipient_action="off", rapid_transfer_action="off", large_transfer_threshold="USD:5.00,JPY:5")
    async with open_desk(dsn, risky) as desk, asyncio.TaskGroup() as clients:
        for number in range(CLIENTS):
            client = Client(desk, customers, file, random.Random(number))
            clients.create_task(_work_until_killed(client))


async def _work_until_killed(client: Client) -> None:
    while True:
        await client.pay()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], sys.argv[3:]))
