"""The operators' root fields: `Query.operations` and `Mutation.operations`.

Only these two fields check that the viewer is an operator. They read the role from the database each time, so a
revoked role takes effect at the next request. The fields below them call `context.require_operator()`.
"""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.id_arguments import TransactionId
from pocketpay.api.operations.audit_report import AuditReport, audit
from pocketpay.api.operations.bank_difference import BankDifference, bank_differences
from pocketpay.api.operations.bank_return import BankReturn, open_bank_returns
from pocketpay.api.operations.begin_recovery import begin_recovery
from pocketpay.api.operations.clear_risk_setting import clear_risk_setting
from pocketpay.api.operations.close_bank_difference import close_bank_difference
from pocketpay.api.operations.customer import Customer, CustomerWallet
from pocketpay.api.operations.customer_query import customer_query, transaction_uuid
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.api.operations.end_sessions import end_sessions
from pocketpay.api.operations.freeze_wallet import freeze_wallet
from pocketpay.api.operations.operator_action import OperatorAction, actions
from pocketpay.api.operations.reverse_transaction import reverse_transaction
from pocketpay.api.operations.risk_setting import RiskSetting, risk_settings
from pocketpay.api.operations.set_risk_setting import set_risk_setting
from pocketpay.api.operations.unfreeze_wallet import unfreeze_wallet
from pocketpay.api.operations.verify_customer_email import verify_customer_email
from pocketpay.api.operations.waiting import held_payments, unsettled_orders
from pocketpay.api.pages import Connection
from pocketpay.operations import customers, roles


async def _check_role(info: Info) -> None:
    """Sets the context's operator. Raises Unauthenticated without a viewer, Forbidden when they are not an
    operator."""
    viewer = info.context.require_viewer()
    info.context.operator = await info.context.database.query(roles.operator, viewer)


@strawberry.type(description="Queries for operators.")
class Operations:
    held_payments: Connection[CustomerTransaction] = strawberry.field(
        resolver=held_payments,
        description="Payments that wait for their sender's confirmation, ordered by expiry, earliest first.",
    )
    unsettled_orders: Connection[CustomerTransaction] = strawberry.field(
        resolver=unsettled_orders,
        description="Deposits and withdrawals that the bank has not answered, oldest first.",
    )
    bank_differences: Connection[BankDifference] = strawberry.field(
        resolver=bank_differences,
        description="Differences between the files of banks and the books, oldest first.",
    )
    open_bank_returns: Connection[BankReturn] = strawberry.field(
        resolver=open_bank_returns,
        description="What banks have taken back of settled orders and is not in the books yet, oldest first.",
    )
    risk_settings: list[RiskSetting] = strawberry.field(
        resolver=risk_settings,
        description="All risk settings with their current values, and which ones operators have overridden.",
    )
    audit: AuditReport | None = strawberry.field(
        resolver=audit,
        description="Audits the ledger now, while the server keeps working. A server runs one audit at a time, for "
        "at most 30 seconds; otherwise the field is null with the error SERVICE_BUSY. For a large ledger (more "
        "than about 500,000 entries) the field has the result of the last `pocketpay audit`; `finishedAt` is the "
        "time of that audit.",
    )
    actions: Connection[OperatorAction] = strawberry.field(
        resolver=actions, description="The actions of operators, newest first."
    )

    @strawberry.field(
        description="Customers that match exactly, including those who have closed their wallet. For a transaction "
        "id, the customers on both sides of the transaction."
    )
    async def customers(
        self,
        info: Info,
        find: Annotated[
            str,
            strawberry.argument(
                description="A username, an email address, a phone number with its country code, or the id of a "
                "user, a wallet or a transaction. Ids of the operators' types and of the customers' types both work."
            ),
        ],
    ) -> list[Customer]:
        info.context.require_operator()
        found = await info.context.database.query(customers.find, customer_query(find))
        return [Customer.of(one) for one in found]

    @strawberry.field(description="A customer's wallet; null when it does not exist.")
    async def wallet(
        self,
        info: Info,
        of: Annotated[str, strawberry.argument(description="The wallet's id, or its owner's id or username.")],
    ) -> CustomerWallet | None:
        info.context.require_operator()
        wallet_id = await info.context.database.query(customers.wallet_of, customer_query(of))
        return None if wallet_id is None else await CustomerWallet.find(info, wallet_id)

    @strawberry.field(description="Any customer's transaction by its id; null when it does not exist.")
    async def transaction(self, info: Info, id: TransactionId) -> CustomerTransaction | None:
        info.context.require_operator()
        uuid = transaction_uuid(id)
        return None if uuid is None else await CustomerTransaction.find(info, uuid)


@strawberry.type(
    description="Mutations for operators. Each action is recorded with its reason. Several mutations in one "
    "request run one after another, in order, and each of them counts in the limit of mutations of a request."
)
class OperationsMutations:
    freeze_wallet = freeze_wallet
    unfreeze_wallet = unfreeze_wallet
    set_risk_setting = set_risk_setting
    reverse_transaction = reverse_transaction
    clear_risk_setting = clear_risk_setting
    begin_recovery = begin_recovery
    verify_customer_email = verify_customer_email
    end_sessions = end_sessions
    close_bank_difference = close_bank_difference


MUTATION_TYPES = frozenset({OperationsMutations.__name__})
"""Types below `Mutation` whose fields are mutations too. They run one after another, and each counts as a
mutation."""


@strawberry.field(
    name="operations",
    description="Queries for operators. Everybody else gets null and the error FORBIDDEN. The role is "
    "checked on each request.",
)
async def queries(info: Info) -> Operations | None:
    await _check_role(info)
    return Operations()


@strawberry.field(
    name="operations",
    description="Mutations for operators. Everybody else gets null and the error FORBIDDEN. The role is "
    "checked on each request.",
)
async def mutations(info: Info) -> OperationsMutations | None:
    await _check_role(info)
    return OperationsMutations()
