"""`pocketpay operator grant`, `revoke`, `freeze`, `unfreeze`, `reverse`: each recorded with its reason."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pocketpay.cli.commands import Commands
from pocketpay.cli.operator.console import Console, Reason, login, wallet_of_text, with_console
from pocketpay.cli.output import Result

if TYPE_CHECKING:
    from pocketpay.transactions.transaction import Transaction

actions = Commands()

User = Annotated[str, typer.Argument(metavar="USER", help='The username, with or without "@".')]
WalletArgument = Annotated[
    str, typer.Argument(metavar="WALLET", help="A wallet's id, or its owner's id or username.")
]


class FreezeFor(StrEnum):
    """The operations that a frozen wallet cannot do: debits, or all."""

    DEBITS = "debits"
    ALL = "all"


What = Annotated[
    FreezeFor, typer.Option("--for", help="debits: the wallet cannot pay. all: it cannot pay or be paid.")
]


@actions.command("grant")
def grant_verb(user: User, reason: Reason) -> Result:
    """Makes a user an operator."""
    return _set_role(user, "operator", reason)


@actions.command("revoke")
def revoke_verb(user: User, reason: Reason) -> Result:
    """Removes the operator role of a user. It takes effect at their next request."""
    return _set_role(user, "member", reason)


@actions.command("freeze")
def freeze_verb(
    wallet: WalletArgument,
    reason: Reason,
    for_: Annotated[
        FreezeFor,
        typer.Option(
            "--for", help="debits: the wallet cannot pay. all: it cannot pay or be paid, and its owner is locked out."
        ),
    ] = FreezeFor.ALL,
) -> Result:
    """Freezes a wallet: its later payments are blocked."""
    from pocketpay.operations.freeze_wallet import freeze_wallet
    from pocketpay.wallets.balance import Freeze

    async def freeze(console: Console) -> bool:
        wallet_id = await wallet_of_text(console, wallet)
        desk, kind = await console.desk(), Freeze(for_.value)
        answer = await freeze_wallet(desk, login(), wallet_id, freeze=kind, raw_reason=reason)
        return answer.outcome.changed

    changed = with_console(freeze)
    line = f"{wallet} is frozen for {for_.value}{'' if changed else ' already'}."
    return Result({"wallet": wallet, "frozen_for": for_.value, "changed": changed}, [line])


@actions.command("unfreeze")
def unfreeze_verb(wallet: WalletArgument, reason: Reason) -> Result:
    """Unfreezes a wallet."""
    from pocketpay.operations.unfreeze_wallet import unfreeze_wallet

    async def unfreeze(console: Console) -> bool:
        wallet_id = await wallet_of_text(console, wallet)
        answer = await unfreeze_wallet(await console.desk(), login(), wallet_id, raw_reason=reason)
        return answer.outcome.changed

    changed = with_console(unfreeze)
    line = f"{wallet} is {'no longer' if changed else 'not'} frozen."
    return Result({"wallet": wallet, "frozen_for": None, "changed": changed}, [line])


@actions.command("reverse")
def reverse_verb(
    transaction: Annotated[str, typer.Argument(metavar="TRANSACTION", help="The id of the transaction.")],
    reason: Reason,
    amount: Annotated[
        str | None, typer.Option("--amount", help="The amount to refund; by default all that is not refunded yet.")
    ] = None,
    available: Annotated[
        bool, typer.Option("--available", help="If the recipient has less available, refund what is available.")
    ] = False,
) -> Result:
    """Reverses a transaction by a refund, in full or in part. It must be completed."""
    from pocketpay.api import ids
    from pocketpay.api.operations.customer_query import transaction_uuid
    from pocketpay.operations.reverse_transaction import reverse_transaction

    async def reverse(console: Console) -> "Transaction":
        transaction_id = transaction_uuid(transaction)
        answer = await reverse_transaction(
            await console.desk(),
            login(),
            transaction_id,
            raw_reason=reason,
            raw_amount=amount,
            up_to_available=available,
        )
        return answer.transaction

    refund = with_console(reverse)
    id = ids.encode(ids.TRANSACTION, refund.id)
    amount_refunded, currency = str(refund.amount), refund.amount.currency
    return Result(
        {"transaction": transaction, "refund": id, "amount": amount_refunded, "currency": currency},
        [f"{amount_refunded} {currency} of {transaction} refunded by {id}."],
    )


def _set_role(user: str, role: str, reason: str) -> Result:
    from pocketpay.identity.user import Role
    from pocketpay.operations.roles import set_role

    async def change(console: Console) -> bool:
        _, changed = await set_role(console.database, login(), raw_username=user, role=Role(role), raw_reason=reason)
        return changed

    changed = with_console(change)
    line = f"{user} is {'now' if changed else 'already'} {'an operator' if role == 'operator' else 'a member'}."
    return Result({"user": user, "role": role, "changed": changed}, [line])
