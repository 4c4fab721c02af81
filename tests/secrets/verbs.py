"""A request for each mutation that takes or returns a secret.

Each returns a document and its variables. Secrets that it makes up are planted before; those that it receives are
planted from the answer.
"""

from collections.abc import Callable
from typing import Any

from tests.secrets.planted import Planted

Request = tuple[str, dict[str, Any]]
ERRORS = "errors { code message path }"
SESSION = f"{{ tokens {{ accessToken refreshToken }} {ERRORS} }}"

WRONG_PASSWORD = "planted-wrong-password"
NEW_PASSWORD = "planted-amber-lighthouse"
WRONG_CODE = "48151623"
WRONG_TOKEN = "plantedWRONGtokenOFaLINK" + "x" * 40


def sign_up(planted: Planted, number: int) -> Request:
    password = planted.add(f"planted-sign-up-{number}", "the password of signUp")
    fields = {
        "username": f"person_{number}",
        "name": "Person",
        "password": password,
        "email": f"p{number}@example.com",
    }
    return f"mutation ($i: SignUpInput!) {{ signUp(input: $i) {SESSION} }}", {"i": fields}


def sign_up_literal(planted: Planted, number: int) -> Request:
    password = planted.add(f"planted-literal-{number}", "the password of signUp in a literal")
    fields = f'username: "literal_{number}", name: "P", email: "l{number}@example.com", password: "{password}"'
    return f"mutation {{ signUp(input: {{{fields}}}) {SESSION} }}", {}


def sign_in(planted: Planted, number: int) -> Request:
    fields = {"login": "ada", "password": planted.add(WRONG_PASSWORD, "a wrong password of signIn")}
    return f"mutation ($i: SignInInput!) {{ signIn(input: $i) {SESSION} }}", {"i": fields}


def refresh_session(planted: Planted, number: int) -> Request:
    token = planted.add(f"plantedREFRESHtoken{number:024d}", "a wrong refresh token")
    return f"mutation ($t: String!) {{ refreshSession(refreshToken: $t) {SESSION} }}", {"t": token}


def change_password(planted: Planted, number: int) -> Request:
    fields = {
        "currentPassword": planted.add(WRONG_PASSWORD, "a wrong current password"),
        "newPassword": planted.add(NEW_PASSWORD, "a new password"),
    }
    return f"mutation ($i: ChangePasswordInput!) {{ changePassword(input: $i) {{ {ERRORS} }} }}", {"i": fields}


def close_wallet(planted: Planted, number: int) -> Request:
    password = planted.add(WRONG_PASSWORD, "the password of closeWallet")
    return f"mutation ($p: String!) {{ closeWallet(password: $p) {{ {ERRORS} }} }}", {"p": password}


def update_profile(planted: Planted, number: int) -> Request:
    fields = {
        "email": "new@example.com",
        "currentPassword": planted.add(WRONG_PASSWORD, "the password of updateProfile"),
    }
    return f"mutation ($i: UpdateProfileInput!) {{ updateProfile(input: $i) {{ {ERRORS} }} }}", {"i": fields}


def reset_password(planted: Planted, number: int) -> Request:
    fields: dict[str, str] = {"newPassword": planted.add(NEW_PASSWORD, "the new password of resetPassword")}
    if number % 2:
        fields |= {"token": planted.add(WRONG_TOKEN, "the token of a link")}
    else:
        fields |= {"login": "ada", "code": planted.add(WRONG_CODE, "a code of resetPassword")}
    return f"mutation ($i: ResetPasswordInput!) {{ resetPassword(input: $i) {{ {ERRORS} }} }}", {"i": fields}


def verify_email(planted: Planted, number: int) -> Request:
    fields = {"code": planted.add(WRONG_CODE, "a code of verifyEmail")}
    if number % 2:
        fields = {"token": planted.add(WRONG_TOKEN, "the token of a link")}
    return f"mutation ($i: VerifyEmailInput!) {{ verifyEmail(input: $i) {{ {ERRORS} }} }}", {"i": fields}


def verify_phone(planted: Planted, number: int) -> Request:
    fields = {"code": planted.add("481516", "a code of verifyPhone")}
    return f"mutation ($i: VerifyPhoneInput!) {{ verifyPhone(input: $i) {{ {ERRORS} }} }}", {"i": fields}


def issue_card(planted: Planted, number: int) -> Request:
    fields = {"label": "Card", "idempotencyKey": f"a-key-{number:08}"}
    return (
        f"mutation ($i: IssueCardInput!) {{ issueCard(input: $i) {{ number securityCode {ERRORS} }} }}",
        {"i": fields},
    )


def link_bank_account(planted: Planted, number: int) -> Request:
    fields = {"use": "DEPOSIT", "idempotencyKey": f"a-bank-account-{number:08}"}
    return (
        f"mutation ($i: LinkBankAccountInput!) {{ linkBankAccount(input: $i) {{ url {ERRORS} }} }}",
        {"i": fields},
    )


VERBS: dict[str, tuple[Callable[[Planted, int], Request], ...]] = {
    "signUp": (sign_up, sign_up_literal),
    "signIn": (sign_in,),
    "refreshSession": (refresh_session,),
    "changePassword": (change_password,),
    "closeWallet": (close_wallet,),
    "updateProfile": (update_profile,),
    "resetPassword": (reset_password,),
    "verifyEmail": (verify_email,),
    "verifyPhone": (verify_phone,),
    "issueCard": (issue_card,),
    "linkBankAccount": (link_bank_account,),
}
