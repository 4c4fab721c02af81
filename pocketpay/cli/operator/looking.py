"""`pocketpay operator find`, `pending`, `actions`: what is there, in plain tables."""

from typing import Annotated

import typer

from pocketpay.cli.operator.counter import Counter, at_the_counter, wallet_meant
from pocketpay.cli.operator.tables import show, time

looking = typer.Typer()

TOLD = ("freeze", "name", "value", "before", "amount", "currency")
"""Of what an act was about, beside the ids."""

Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Rows at most.")]


@looking.command("find")
def find_verb(
    text: Annotated[
        str, typer.Argument(help="A username, email address, phone number, wallet's id or transaction's id.")
    ],
) -> None:
    """Finds customers by exactly that, those who have left too; exits with 1 when there is nobody."""
    from pocketpay.api import ids
    from pocketpay.api.operations.sought import sought
    from pocketpay.operations import customers
    from pocketpay.wallets import repository as wallets

    async def look(counter: Counter) -> list[list[str | None]]:
        async with counter.database.read() as session:
            found = await customers.find(session, sought(text))
            balances = await wallets.balances(session, [one.wallet_id for one in found])
            reasons = await wallets.freeze_reasons(session, [one.wallet_id for one in found])
        rows: list[list[str | None]] = []
        for one in found:
            wallet = balances[one.wallet_id]
            frozen_for = wallet.standing.frozen_for
            status = wallet.standing.status.value + (f" ({frozen_for})" if frozen_for else "")
            about = [one.username, one.name, one.email, one.phone, one.role.value]
            money = [str(wallet.posted), str(wallet.held), wallet.currency]
            id = ids.encode(ids.WALLET, one.wallet_id)
            rows.append([*about, status, *money, id, reasons.get(one.wallet_id)])
        return rows

    head = ("USERNAME", "NAME", "EMAIL", "PHONE", "ROLE", "WALLET", "BALANCE", "HELD", "CURRENCY", "WALLET ID", "WHY")
    rows = at_the_counter(look)
    if not rows:
        typer.echo("There is nobody.", err=True)
        raise typer.Exit(1)
    show(head, rows)


@looking.command("pending")
def pending_verb(limit: Limit = 50) -> None:
    """Shows what waits: held payments, the first to expire first, and orders that a bank has not answered."""
    from pocketpay.api import ids
    from pocketpay.identity.repository import people
    from pocketpay.operations.pending import pending

    async def look(counter: Counter) -> list[list[str | None]]:
        async with counter.database.read() as session:
            waiting = await pending(session, limit)
            sides = {side for one in waiting for side in (one.source_wallet_id, one.destination_wallet_id) if side}
            owners = await people.owners(session, sides)
        names = {wallet_id: user.username for wallet_id, user in owners.items()}
        return [
            [
                ids.encode(ids.TRANSACTION, one.id),
                one.type.value,
                one.status.value,
                str(one.total),
                one.amount.currency,
                names.get(one.source_wallet_id) if one.source_wallet_id else one.bank_name,
                names.get(one.destination_wallet_id) if one.destination_wallet_id else one.bank_name,
                time(one.created_at),
                time(one.expires_at),
            ]
            for one in waiting
        ]

    show(("ID", "TYPE", "STATUS", "TOTAL", "CURRENCY", "FROM", "TO", "SINCE", "EXPIRES"), at_the_counter(look))


@looking.command("actions")
def actions_verb(
    wallet: Annotated[str | None, typer.Option("--wallet", help="Only about this wallet: its id or owner.")] = None,
    limit: Limit = 50,
) -> None:
    """Shows what operators did, the newest first."""
    from pocketpay.api import ids
    from pocketpay.operator_log.repository import acts
    from pocketpay.transactions.history import BEGINNING, END

    async def look(counter: Counter) -> list[list[str | None]]:
        about = None if wallet is None else await wallet_meant(counter, wallet)
        async with counter.database.read() as session:
            recorded = await acts.page(
                session, about, older_than=END, newer_than=BEGINNING, limit=limit, backwards=False
            )
        return [
            [
                time(one.created_at),
                one.act.operator.name,
                one.act.action.value,
                None if one.act.wallet_id is None else ids.encode(ids.WALLET, one.act.wallet_id),
                None if one.act.transaction_id is None else ids.encode(ids.TRANSACTION, one.act.transaction_id),
                " ".join(f"{name}={facts[name]}" for name in TOLD if (facts := one.act.facts).get(name) is not None),
                one.act.reason,
            ]
            for one in recorded
        ]

    show(("AT", "OPERATOR", "ACTION", "WALLET", "TRANSACTION", "WHAT", "WHY"), at_the_counter(look))
