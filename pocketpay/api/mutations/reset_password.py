"""The resolver of `resetPassword`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import NEW_PASSWORD
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.password_reset_payload import PasswordResetPayload
from pocketpay.identity import reset_password as identity
from pocketpay.identity import shown_code
from pocketpay.identity.errors import InvalidProfile


@strawberry.input(description="The code or token that requestPasswordReset sent, and the new password.")
class ResetPasswordInput:
    login: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The login that was given to requestPasswordReset. Required with a code.",
    )
    code: str | None = strawberry.field(
        default=strawberry.UNSET, description="The code of eight digits. Spaces and hyphens are ignored."
    )
    token: str | None = strawberry.field(
        default=strawberry.UNSET, description='The text after "#token=" in the link. It replaces login and code.'
    )
    new_password: str = strawberry.field(description=NEW_PASSWORD)


@strawberry.mutation(
    description="Sets a new password and ends every session of the user: their tokens are refused and their "
    "websockets close. The user gets a mail about the change and can sign in with the new password. Needs no "
    "session. Refusals: INVALID_INPUT (neither code nor token, or both, or a code without a login), WEAK_PASSWORD, "
    "INVALID_CODE (wrong, used, expired, or after five wrong codes: then only the link is valid), WALLET_FROZEN "
    "(the code is right, and the wallet is frozen for ALL), RATE_LIMITED (60 an hour from one address)."
)
@refusals_as_errors(PasswordResetPayload)
async def reset_password(
    info: Info,
    input: Annotated[
        ResetPasswordInput, strawberry.argument(description="The code or the token, and the new password.")
    ],
) -> PasswordResetPayload:
    context = info.context
    proof = shown_code.read(input.code or None, input.token or None)
    if proof.code is not None and not input.login:
        raise InvalidProfile("login", "is required with a code")
    login = input.login if proof.code is not None else None
    await identity.reset_password(
        context.services.identity, login, proof, input.new_password, address=context.address
    )
    return PasswordResetPayload()
