"""Helpers for tests of reconciliation: a file of today, and the differences that it opens."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pocketpay.api.operations.customer_query import transaction_uuid
from pocketpay.database.sessions import Database
from pocketpay.operations.reconcile_bank_file import Reconciled, reconcile_bank_file
from pocketpay.reconciliation import listing
from pocketpay.reconciliation.difference import Difference
from tests.operations.operators import OPS
from tests.reconciliation.files import Moved, csv_of


def today(amount: str, reference: UUID | str, currency: str = "USD") -> Moved:
    return Moved(amount, reference, str(datetime.now(UTC).date()), currency)


async def reconcile(
    database: Database, moved: Sequence[Moved] | bytes, *, name: str = "bank.csv", days: int = 1
) -> Reconciled:
    """Reconciles a file that covers today and this number of days before and after it."""
    day = datetime.now(UTC).date()
    return await reconcile_bank_file(
        database,
        OPS,
        moved if isinstance(moved, bytes) else csv_of(moved),
        name=name,
        public_id=transaction_uuid,
        first_day=day - timedelta(days),
        last_day=day + timedelta(days),
    )


async def found(database: Database, is_open: bool | None = True) -> list[Difference]:
    return await database.query(listing.read, is_open, limit=100)


def shown(differences: Sequence[Difference]) -> set[tuple[str, UUID | None, str, str]]:
    """Returns the kind, the transaction, and the two amounts of each."""
    return {
        (one.kind.value, one.transaction_id, str(one.bank_amount or ""), str(one.books_amount or ""))
        for one in differences
    }
