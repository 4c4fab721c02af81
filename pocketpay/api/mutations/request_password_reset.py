"""The resolver of `requestPasswordReset`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.password_reset_payload import PasswordResetPayload
from pocketpay.identity import request_password_reset as identity


@strawberry.input(description="The user whose password is to be reset.")
class RequestPasswordResetInput:
    login: str = strawberry.field(description="The login, as in signIn.")


@strawberry.mutation(
    description="Sends a code of eight digits and a link to the user's email address, if it is verified, also for a "
    "user who never had a password. Both are valid for 30 minutes. Needs no session. The response is the same when "
    "there is no such user. A user gets at most two such mails within 15 minutes; earlier codes and links stay "
    "valid. Refusals: MAIL_UNAVAILABLE, RATE_LIMITED (60 an hour from one address)."
)
@refusals_as_errors(PasswordResetPayload)
async def request_password_reset(
    info: Info, input: Annotated[RequestPasswordResetInput, strawberry.argument(description="The login of the user.")]
) -> PasswordResetPayload:
    context = info.context
    await identity.request_password_reset(context.services.identity, input.login, address=context.address)
    return PasswordResetPayload()
