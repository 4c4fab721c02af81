"""A linked bank account, and the transitions between its statuses.

    pending ─► active | failed | removed
    active  ─► failed | removed
    failed  ─► removed

Removed is final. The database enforces the same transitions with the trigger `bank_accounts_lifecycle`; a test
compares the two. What each status means: see `banking.bank.LinkStatus`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pocketpay.banking.bank import BankUse, Link, LinkState, LinkStatus
from pocketpay.errors import BooksDisagree
from pocketpay.text.lines import fits_line


class Provider(StrEnum):
    """Who keeps the link to the bank. A bank account can be used only while the server has this provider."""

    SIMULATED = "simulated"
    STRIPE = "stripe"


NEXT: dict[LinkStatus, frozenset[LinkStatus]] = {
    LinkStatus.PENDING: frozenset({LinkStatus.ACTIVE, LinkStatus.FAILED, LinkStatus.REMOVED}),
    LinkStatus.ACTIVE: frozenset({LinkStatus.FAILED, LinkStatus.REMOVED}),
    LinkStatus.FAILED: frozenset({LinkStatus.REMOVED}),
    LinkStatus.REMOVED: frozenset(),
}

OPEN = frozenset({LinkStatus.PENDING, LinkStatus.ACTIVE})
"""The statuses of accounts that count against the maximum of a wallet."""

MAX_BANK_NAME_LENGTH = 60
"""Characters of a bank's name. A longer one from a provider is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """One row of `bank_accounts`. Times are aware UTC; `version` grows by one with every change.

    `use` is what the customer linked the account for, and `uses` what the account can be used for. `reference` is the
    provider's id of the link, None until the provider has answered. `bank_name` and `last4` are empty until they are
    known.
    """

    id: UUID
    wallet_id: UUID
    user_id: UUID
    currency: str
    provider: Provider
    use: BankUse
    uses: Collection[BankUse]
    status: LinkStatus
    reference: str | None = None
    bank_name: str = ""
    last4: str = ""
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def anchor(self) -> UUID:
        """The wallet whose lock guards the bank account: the wallet of its owner."""
        return self.wallet_id

    @property
    def open(self) -> bool:
        """Whether the bank account counts against the maximum of a wallet."""
        return self.status in OPEN

    @property
    def title(self) -> str:
        """The bank and the last four digits, for a transaction's description."""
        name = self.bank_name or "bank account"
        return f"{name} ending in {self.last4}" if self.last4 else name

    def visible_to(self, wallet_id: UUID) -> bool:
        """Whether the wallet's owner may see the bank account."""
        return self.wallet_id == wallet_id

    def link(self, email: str) -> Link:
        """Returns the link as the provider gets it. `email` is the owner's, for the provider's hosted flow."""
        return Link(self.id, self.user_id, email, self.currency, self.use, self.reference or "")

    def after(self, state: LinkState, now: datetime) -> Self | None:
        """Returns the account as the provider describes it now, or None if nothing changes.

        A status that cannot follow the current status changes nothing: failed and removed are final for a provider.
        """
        if state.status is not self.status and state.status not in NEXT[self.status]:
            return None
        changed = replace(
            self,
            status=state.status,
            reference=self.reference or state.reference or None,
            bank_name=_bank_name(state.bank_name) or self.bank_name,
            last4=state.last4 if _is_last4(state.last4) else self.last4,
            uses=tuple(use for use in BankUse if use in state.uses) or self.uses,
        )
        return None if changed == self else replace(changed, version=self.version + 1, updated_at=now)

    def ended(self, status: LinkStatus, now: datetime) -> Self:
        """Returns the account in that status, one version later."""
        return replace(self, status=status, version=self.version + 1, updated_at=now)


def require_transition(before: LinkStatus, after: LinkStatus) -> None:
    """Raises BooksDisagree when a bank account cannot change from `before` to `after`."""
    if before is not after and after not in NEXT[before]:
        raise BooksDisagree(f"a bank account cannot go from {before} to {after}")


def _is_last4(digits: str) -> bool:
    return len(digits) == 4 and digits.isascii() and digits.isdigit()


def _bank_name(text: str) -> str:
    """Returns the bank's name if it fits one line, else ""."""
    name = text.strip()[:MAX_BANK_NAME_LENGTH].strip()
    return name if fits_line(name) else ""
