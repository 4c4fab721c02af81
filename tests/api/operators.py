"""Operators for tests: users who have signed up and have the role of an operator."""

from typing import Any

from pocketpay.database.sessions import Database
from pocketpay.identity.user import Role
from pocketpay.operations.roles import set_role
from pocketpay.operator_log.act import Operator
from tests.clients import Client, Person

ROOT = Operator(None, "root")
"""The operator of the command line."""

ERRORS = "errors { code path message retryable ... on WrongState { node { __typename id } } }"
WALLET = "id status freeze freezeReason balance { amount } held { amount } available { amount } owner { username }"
FREEZE = (
    f"mutation ($input: FreezeWalletInput!) {{ operations {{ freezeWallet(input: $input) "
    f"{{ wallet {{ {WALLET} }} {ERRORS} }} }} }}"
)
UNFREEZE = (
    f"mutation ($input: UnfreezeWalletInput!) {{ operations {{ unfreezeWallet(input: $input) "
    f"{{ wallet {{ {WALLET} }} {ERRORS} }} }} }}"
)
REVERSE = (
    "mutation ($input: ReverseTransactionInput!) { operations { reverseTransaction(input: $input) { transaction { "
    "type status amount { amount } refundOf { id refunded { amount } } sender { username } recipient { username } "
    f"description }} {ERRORS} }} }} }}"
)
CUSTOMER = "customer { username email emailVerified sessions { id } }"
BEGIN_RECOVERY = (
    f"mutation ($input: BeginRecoveryInput!) {{ operations {{ beginRecovery(input: $input) "
    f"{{ {CUSTOMER} {ERRORS} }} }} }}"
)
VERIFY_EMAIL = (
    f"mutation ($input: VerifyCustomerEmailInput!) {{ operations {{ verifyCustomerEmail(input: $input) "
    f"{{ {CUSTOMER} {ERRORS} }} }} }}"
)
END_SESSIONS = (
    f"mutation ($input: EndSessionsInput!) {{ operations {{ endSessions(input: $input) "
    f"{{ ended {CUSTOMER} {ERRORS} }} }} }}"
)
SETTING = "setting { name value environmentValue overridden since }"
SET = (
    f"mutation ($input: SetRiskSettingInput!) {{ operations {{ setRiskSetting(input: $input) "
    f"{{ {SETTING} {ERRORS} }} }} }}"
)
CLEAR = (
    f"mutation ($input: ClearRiskSettingInput!) {{ operations {{ clearRiskSetting(input: $input) "
    f"{{ {SETTING} {ERRORS} }} }} }}"
)


async def give_role(database: Database, username: str, role: Role = Role.OPERATOR) -> None:
    await set_role(database, ROOT, raw_username=username, role=role, raw_reason="Joins the team")


async def operator(client: Client, username: str = "olga") -> Person:
    """Signs up a new user and makes them an operator."""
    person = await client.sign_up(username)
    await give_role(client.services.database, username)
    return person


async def operate(client: Client, by: Person, document: str, /, **variables: Any) -> Any:
    """The value of the only field under `operations`. Asserts that the request has no errors."""
    (value,) = (await client.data(document, variables, by=by))["operations"].values()
    return value
