"""The log of operators' actions."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.operations.bank_difference import BankDifference
from pocketpay.api.operations.customer import CustomerWallet
from pocketpay.api.operations.customer_query import customer_query
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.api.operations.risk_setting import RISK_SETTING_NAME
from pocketpay.api.operations.waiting import NO_OWNER
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, connection, requested_page
from pocketpay.api.wallet import Freeze
from pocketpay.operations.customers import wallet_of
from pocketpay.operator_log import listing
from pocketpay.operator_log.act import RecordedAct
from pocketpay.reconciliation import listing as differences
from pocketpay.risk.rules import SETTINGS
from pocketpay.transactions.filter import Position
from pocketpay.wallets import balance


@strawberry.enum(description="The kind of an operator's action.")
class OperatorActionKind(Enum):
    FREEZE = strawberry.enum_value("FREEZE", description="A wallet was frozen.")
    UNFREEZE = strawberry.enum_value("UNFREEZE", description="A wallet was unfrozen.")
    REVERSE = strawberry.enum_value("REVERSE", description="A transaction was refunded, in full or in part.")
    SET_RISK = strawberry.enum_value("SET_RISK", description="A risk setting was overridden.")
    CLEAR_RISK = strawberry.enum_value("CLEAR_RISK", description="The override of a risk setting was removed.")
    GRANT_ROLE = strawberry.enum_value("GRANT_ROLE", description="A user was made an operator.")
    REVOKE_ROLE = strawberry.enum_value("REVOKE_ROLE", description="A user's operator role was removed.")
    BEGIN_RECOVERY = strawberry.enum_value(
        "BEGIN_RECOVERY", description="A customer was sent a mail with a code to set a new password."
    )
    VERIFY_EMAIL = strawberry.enum_value("VERIFY_EMAIL", description="A customer's email address was verified.")
    END_SESSIONS = strawberry.enum_value("END_SESSIONS", description="Every session of a customer was ended.")
    RECONCILE = strawberry.enum_value("RECONCILE", description="A bank's file was compared with the books.")
    CLOSE_DIFFERENCE = strawberry.enum_value(
        "CLOSE_DIFFERENCE", description="A difference between a bank's file and the books was closed."
    )
    OTHER = strawberry.enum_value("OTHER", description="An action that only a newer version of the server knows.")


@strawberry.type(description="A change of a risk setting. Values are in the format of the environment variable.")
class RiskSettingChange:
    name: str = strawberry.field(graphql_type=RISK_SETTING_NAME, description="The name of the setting.")
    before: str | None = strawberry.field(description="The override before the change; null when there was none.")
    value: str | None = strawberry.field(description="The new override; null when the override was removed.")


@strawberry.type(description="One action of an operator. The record is permanent.")
class OperatorAction:
    id: strawberry.ID = strawberry.field(description="The id of the action.")
    kind: OperatorActionKind = strawberry.field(description="The kind of action.")
    operator: str = strawberry.field(
        description="The operator's username. For an action on the command line: the login name of the system user."
    )
    reason: str = strawberry.field(description="The reason that the operator gave.")
    freeze: Freeze | None = strawberry.field(description="What the freeze prevents; null for other actions.")
    setting: RiskSettingChange | None = strawberry.field(
        description="The change of a risk setting; null for other actions, and for a setting that only a newer "
        "server knows."
    )
    ended_sessions: int | None = strawberry.field(
        description="Number of sessions that were ended; null for other actions."
    )
    created_at: datetime = strawberry.field(description="When the action was taken.")
    on_wallet: strawberry.Private[UUID | None]
    on_transaction: strawberry.Private[UUID | None]
    by_refund: strawberry.Private[UUID | None]
    on_difference: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, recorded: RecordedAct) -> Self:
        act, facts = recorded.act, recorded.act.facts
        setting = None
        if facts.get("name") in SETTINGS:
            setting = RiskSettingChange(name=facts["name"], before=facts["before"], value=facts["value"])
        return cls(
            id=ids.encode(ids.ACT, act.id),
            kind=OperatorActionKind[act.action.name],
            operator=act.operator.name,
            reason=act.reason,
            freeze=Freeze[balance.Freeze(facts["freeze"]).name] if "freeze" in facts else None,
            setting=setting,
            ended_sessions=facts.get("sessions"),
            created_at=recorded.created_at,
            on_wallet=act.wallet_id,
            on_transaction=act.transaction_id,
            by_refund=UUID(facts["refund"]) if "refund" in facts else None,
            on_difference=UUID(facts["difference"]) if "difference" in facts else None,
        )

    @strawberry.field(description="The wallet that the action is about; null when it is not about a wallet.")
    async def wallet(self, info: Info) -> CustomerWallet | None:
        return None if self.on_wallet is None else await CustomerWallet.find(info, self.on_wallet)

    @strawberry.field(description="The transaction that was reversed; null for other actions.")
    async def transaction(self, info: Info) -> CustomerTransaction | None:
        return None if self.on_transaction is None else await CustomerTransaction.find(info, self.on_transaction)

    @strawberry.field(description="The refund that the reversal created; null for other actions.")
    async def refund(self, info: Info) -> CustomerTransaction | None:
        return None if self.by_refund is None else await CustomerTransaction.find(info, self.by_refund)

    @strawberry.field(description="The difference with the bank that was closed; null for other actions.")
    async def bank_difference(self, info: Info) -> BankDifference | None:
        if self.on_difference is None:
            return None
        found = await info.context.database.query(differences.find, self.on_difference)
        return None if found is None else BankDifference.of(found)


async def actions(
    info: Info,
    wallet: Annotated[
        str | None,
        strawberry.argument(description="Only actions on this wallet: its id, or its owner's id or username."),
    ] = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[OperatorAction]:
    """A page of the log of operators' actions."""
    info.context.require_operator()
    database, about = info.context.database, None
    if wallet is not None:
        about = await database.query(wallet_of, customer_query(wallet)) or NO_OWNER  # an unknown wallet has no action
    list_ = Listing("operators' actions", about or NO_OWNER, BY_MOMENT)
    page = requested_page(list_, first, after, last, before)
    rows = await database.query(
        listing.read,
        about,
        limit=page.fetch,
        older_than=Position.of(page.after),
        newer_than=Position.of(page.before),
        backwards=page.backward,
    )

    async def counted() -> int | None:
        return await database.query(listing.count, about)

    return connection(
        list_,
        page,
        rows,
        place=lambda recorded: (recorded.created_at, recorded.act.id),
        node=OperatorAction.of,
        counted=counted,
    )
