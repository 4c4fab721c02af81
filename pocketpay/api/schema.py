"""Builds the schema from its types and operations.

build()   a new schema
schema    the schema, built once at import
sdl()     the schema as sorted text, as `pocketpay schema` prints it

Linters and other people's clients check the schema; decision 52 lists the rules of linters that it does not follow.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    lexicographic_sort_schema,
    print_schema,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types import ExecutionContext

from pocketpay.api import errors
from pocketpay.api.mutations import (
    cancel_request,
    cancel_transfer,
    change_password,
    close_card,
    close_wallet,
    confirm_transfer,
    decline_request,
    deposit,
    freeze_card,
    issue_card,
    link_bank_account,
    pay_request,
    refresh_session,
    refund,
    remove_bank_account,
    request_email_verification,
    request_money,
    request_password_reset,
    request_phone_verification,
    reset_password,
    revoke_other_sessions,
    revoke_session,
    sign_in,
    sign_out,
    sign_up,
    simulate_card_payment,
    split_bill,
    transfer,
    transfer_batch,
    unfreeze_card,
    update_card_limits,
    update_profile,
    verify_email,
    verify_phone,
    withdraw,
)
from pocketpay.api.operations import root
from pocketpay.api.queries import (
    bank_accounts,
    cards,
    currencies,
    money_requests,
    node,
    profile,
    recent_counterparties,
    risk_policy,
    search_profiles,
    transaction,
    transactions,
    transfer_preview,
    username_available,
    viewer,
    wallet,
    withdrawal_preview,
    withdrawal_quote,
)
from pocketpay.api.scalars import SCALARS
from pocketpay.api.subscriptions import (
    balance_changed,
    bank_account_updated,
    money_request_updated,
    risk_confirmation_requested,
    transaction_updated,
)


class Schema(strawberry.Schema):
    """Strawberry's schema without its logging of errors: `serving` logs each error once, without the request's
    values."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        return


QUERIES: list[Any] = [
    viewer.viewer,
    wallet.wallet,
    node.node,
    profile.profile,
    search_profiles.search_profiles,
    recent_counterparties.recent_counterparties,
    transaction.transaction,
    transactions.transactions,
    transfer_preview.transfer_preview,
    withdrawal_preview.withdrawal_preview,
    withdrawal_quote.withdrawal_quote,
    money_requests.money_requests,
    cards.cards,
    bank_accounts.bank_accounts,
    risk_policy.risk_policy,
    currencies.currencies,
    username_available.username_available,
    root.queries,
]
MUTATIONS: list[Any] = [
    sign_up.sign_up,
    sign_in.sign_in,
    refresh_session.refresh_session,
    sign_out.sign_out,
    revoke_session.revoke_session,
    revoke_other_sessions.revoke_other_sessions,
    change_password.change_password,
    request_email_verification.request_email_verification,
    verify_email.verify_email,
    request_phone_verification.request_phone_verification,
    verify_phone.verify_phone,
    request_password_reset.request_password_reset,
    reset_password.reset_password,
    update_profile.update_profile,
    close_wallet.close_wallet,
    deposit.deposit,
    withdraw.withdraw,
    transfer.transfer,
    transfer_batch.transfer_batch,
    confirm_transfer.confirm_transfer,
    cancel_transfer.cancel_transfer,
    refund.refund,
    request_money.request_money,
    split_bill.split_bill,
    pay_request.pay_request,
    decline_request.decline_request,
    cancel_request.cancel_request,
    issue_card.issue_card,
    freeze_card.freeze_card,
    unfreeze_card.unfreeze_card,
    close_card.close_card,
    update_card_limits.update_card_limits,
    simulate_card_payment.simulate_card_payment,
    link_bank_account.link_bank_account,
    remove_bank_account.remove_bank_account,
    root.mutations,
]
SUBSCRIPTIONS: list[Any] = [
    balance_changed.balance_changed,
    risk_confirmation_requested.risk_confirmation_requested,
    transaction_updated.transaction_updated,
    money_request_updated.money_request_updated,
    bank_account_updated.bank_account_updated,
]


def build() -> Schema:
    """Builds a new schema. Raises ValueError when its types are inconsistent."""
    built = Schema(
        query=create_type("Query", QUERIES, description="All operations that read data."),
        mutation=create_type(
            "Mutation",
            MUTATIONS,
            description="All operations that change data. Root fields run one after another, in order.",
        ),
        subscription=create_type(
            "Subscription", SUBSCRIPTIONS, description="Live updates over graphql-transport-ws."
        ),
        types=[
            errors.InvalidInput,
            errors.Refusal,
            errors.InsufficientFunds,
            errors.LimitExceeded,
            errors.WrongState,
            errors.RateLimited,
        ],
        # Not `sort_schema`: the sorted copy has plain GraphQL enums without their Python members.
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    _remove_null_defaults(built._schema)
    return built


def _remove_null_defaults(schema: GraphQLSchema) -> None:
    """Removes defaults of null from the schema. An optional argument has the default None in Python, but `= null` in
    the schema would suggest to clients that null has a meaning there."""
    for value in _inputs(schema):
        if value.default_value is None:
            value.default_value, value.default = Undefined, None


def _inputs(schema: GraphQLSchema) -> Iterator[GraphQLArgument | GraphQLInputField]:
    """All arguments and input fields of the schema: everything that can have a default."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            yield from type_.fields.values()
        elif isinstance(type_, GraphQLObjectType):
            for field in type_.fields.values():
                yield from field.args.values()


schema = build()


def sdl() -> str:
    """The schema as text. It is sorted, so that a change to the schema is a small diff."""
    copy = lexicographic_sort_schema(schema._schema)
    for value in _inputs(copy):  # the copy's enums cannot serialize Python enum members
        if isinstance(value.default_value, Enum):
            value.default_value = value.default_value.value
    return print_schema(copy) + "\n"
