"""Watches a wallet, pays a user from it, and shows how its balance changes.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/ariadne-codegen --config codegen.toml
    venv/bin/python main.py alice pocket-pay-demo bob 1.00

Copy account.py, pay.py and watch.py into your own client.
"""

import argparse
import asyncio
import sys
from contextlib import aclosing

import httpx
from account import Account, Refused
from pay import pay
from pocketpay_client import GraphQLClientError, PayTransferTransaction, TransactionStatus
from watch import balances


async def run(login: str, password: str, to: str, amount: str, url: str) -> None:
    async with await Account.sign_in_at(url, login, password) as account, aclosing(balances(account)) as changes:
        now = await anext(changes)
        print(f"{now.amount} {now.currency} to spend")
        await account.refresh_once(account.access_token)

        paid = await pay(account, to, amount)
        if paid.errors or paid.transaction is None:
            raise Refused(paid.errors[0].message)
        status = paid.transaction.status
        if status is TransactionStatus.PENDING_CONFIRMATION:
            status = await confirm(account, paid.transaction, f"Pay {to} {amount}? [y/N] ")
        print(f"{status.value}, by an earlier try" if paid.replayed else status.value)
        now = await anext(changes)
        print(f"{now.amount} {now.currency} to spend")


async def confirm(account: Account, payment: PayTransferTransaction, question: str) -> TransactionStatus:
    for reason in payment.risk_reasons:
        print(reason.message)
    if (await asyncio.to_thread(answer_to, question)).strip().lower() != "y":
        raise Refused("Not confirmed: the money is held until the payment expires.")
    confirmed = (await account.confirm(payment.id)).confirm_transfer
    if confirmed.errors or confirmed.transaction is None:
        raise Refused(confirmed.errors[0].message)
    return confirmed.transaction.status


def answer_to(question: str) -> str:
    try:
        return input(question)
    except EOFError:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("login", "password", "to", "amount"):
        parser.add_argument(name)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000/graphql")
    usage = parser.format_usage().removeprefix("usage: ")
    parser.usage = f"{usage}\nfor example: python main.py alice pocket-pay-demo bob 1.00"
    arguments = parser.parse_args()
    try:
        asyncio.run(run(**vars(arguments)))
    except (Refused, GraphQLClientError) as refused:
        sys.exit(str(refused))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        sys.exit(f"No answer from a Pocket Pay server at {arguments.url} ({error}). Start one with: make run")


if __name__ == "__main__":
    main()
