"""`pocketpay operator recover`, `verify-email`, `end-sessions`: for customers who are locked out, each recorded."""

from typing import TYPE_CHECKING, Annotated

import typer

from pocketpay.cli.operator.counter import Counter, Reason, at_the_counter, login, wallet_meant
from pocketpay.cli.operator.customer import Customer

if TYPE_CHECKING:
    from pocketpay.identity.user import User

helping = typer.Typer()


@helping.command("recover")
def recover_verb(name: Customer, reason: Reason) -> None:
    """Sends a code and a link for a new password to the customer's verified email address."""
    from pocketpay.mail.outbox import Outbox
    from pocketpay.operations.begin_recovery import begin_recovery

    async def recover(counter: Counter) -> "User":
        wallet_id, outbox = await wallet_meant(counter, name), Outbox(is_on=counter.settings.mail_is_on)
        return await begin_recovery(counter.database, outbox, login(), wallet_id, raw_reason=reason)

    user = at_the_counter(recover)
    typer.echo(f"A mail is sent to {user.email}. Its code or link sets a new password for {user.username}.")


@helping.command("verify-email")
def verify_email_verb(
    name: Customer,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The customer's current email address.")],
    reason: Reason,
) -> None:
    """Marks a customer's email address as verified."""
    from pocketpay.operations.verify_customer_email import verify_customer_email

    async def verify(counter: Counter) -> "tuple[User, bool]":
        wallet_id = await wallet_meant(counter, name)
        return await verify_customer_email(counter.database, login(), wallet_id, raw_email=email, raw_reason=reason)

    user, changed = at_the_counter(verify)
    typer.echo(f"{user.email} is {'now' if changed else 'already'} verified for {user.username}.")


@helping.command("end-sessions")
def end_sessions_verb(name: Customer, reason: Reason) -> None:
    """Ends every session of a customer, on every server."""
    from pocketpay.operations.end_sessions import Ended, end_sessions

    async def end(counter: Counter) -> Ended:
        wallet_id = await wallet_meant(counter, name)
        return await end_sessions(counter.database, login(), wallet_id, raw_reason=reason)

    ended = at_the_counter(end)
    number = len(ended.session_ids)
    typer.echo(f"{number} session{'' if number == 1 else 's'} of {ended.user.username} ended.")
