"""`pocketpay operator recover`, `verify-email`, `end-sessions`: help for customers who are locked out.

Each act is recorded.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from pocketpay.cli.commands import Commands
from pocketpay.cli.operator.console import Console, Reason, login, wallet_of_text, with_console
from pocketpay.cli.operator.customer import Customer
from pocketpay.cli.output import Result

if TYPE_CHECKING:
    from pocketpay.identity.user import User

helping = Commands()


@helping.command("recover")
def recover_verb(name: Customer, reason: Reason) -> Result:
    """Mails a customer a code and a link for a new password. It goes to the verified email address."""
    from pocketpay.mail.outbox import Outbox
    from pocketpay.operations.begin_recovery import begin_recovery

    async def recover(console: Console) -> "User":
        wallet_id, outbox = await wallet_of_text(console, name), Outbox(is_on=console.settings.mail_is_on)
        return await begin_recovery(console.database, outbox, login(), wallet_id, raw_reason=reason)

    user = with_console(recover)
    line = f"A mail is sent to {user.email}. Its code or link sets a new password for {user.username}."
    return Result({"user": user.username, "email": user.email}, [line])


@helping.command("verify-email")
def verify_email_verb(
    name: Customer,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The customer's current email address.")],
    reason: Reason,
) -> Result:
    """Marks a customer's email address as verified."""
    from pocketpay.operations.verify_customer_email import verify_customer_email

    async def verify(console: Console) -> "tuple[User, bool]":
        wallet_id = await wallet_of_text(console, name)
        return await verify_customer_email(console.database, login(), wallet_id, raw_email=email, raw_reason=reason)

    user, changed = with_console(verify)
    line = f"{user.email} is {'now' if changed else 'already'} verified for {user.username}."
    return Result({"user": user.username, "email": user.email, "changed": changed}, [line])


@helping.command("end-sessions")
def end_sessions_verb(name: Customer, reason: Reason) -> Result:
    """Ends every session of a customer, on every server."""
    from pocketpay.operations.end_sessions import EndedSessions, end_sessions

    async def end(console: Console) -> EndedSessions:
        wallet_id = await wallet_of_text(console, name)
        return await end_sessions(console.database, login(), wallet_id, raw_reason=reason)

    ended = with_console(end)
    number = len(ended.session_ids)
    line = f"{number} session{'' if number == 1 else 's'} of {ended.user.username} ended."
    return Result({"user": ended.user.username, "sessions_ended": number}, [line])
