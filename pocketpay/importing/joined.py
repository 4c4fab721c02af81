"""All data of one person in an export, and the findings about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from pocketpay.identity.errors import InvalidProfile
from pocketpay.importing.finding import Finding, Severity, shown

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Joined:
    """All data of one person in an export, as it is written there. `entries` is the sum of their ledger entries."""

    n: int
    part: int
    line: int
    id: UUID
    email: str | None
    phone: str | None
    profile_phone: str | None
    encrypted_password: str | None = field(repr=False)
    username: str | None
    name: str | None
    avatar_url: str | None
    currency: str | None
    currencies: int
    balance: str | None
    balance_cents: str | None
    wallet_balance: str | None
    wallet_balance_cents: str | None
    entries: str | None
    profiles: int
    wallets: int
    created_at: str | None
    metadata: str | None
    deleted_at: str | None
    banned_until: str | None
    is_anonymous: str | None
    email_confirmed_at: str | None


class Checker:
    """Collects the findings about one person."""

    def __init__(self, joined: Joined) -> None:
        self.joined = joined
        self.findings: list[Finding] = []

    def add(
        self,
        severity: Severity,
        field: str,
        problem: str,
        value: str | None = None,
        suggestions: Sequence[str] = (),
    ) -> None:
        printable = "" if value is None else shown(value)
        place = self.joined.part, self.joined.line
        self.findings.append(Finding(*place, severity, field, problem, self.joined.n, printable, tuple(suggestions)))

    def wrong(self, field: str, problem: str, value: str | None = None, suggestions: Sequence[str] = ()) -> None:
        self.add(Severity.WRONG, field, problem, value, suggestions)

    def note(self, field: str, problem: str, value: str | None = None) -> None:
        self.add(Severity.NOTE, field, problem, value)

    def parsed(self, parse: Callable[[str], T], raw: str | None) -> T | None:
        """Returns the parsed value, or None for an empty value.

        Returns None and adds a finding when `parse` refuses the value.
        """
        if raw is None or not raw.strip():
            return None
        try:
            return parse(raw)
        except InvalidProfile as refusal:
            self.wrong(refusal.field or "", refusal.problem, raw)
            return None
