"""A person's opening balance in minor units. It must be the same everywhere in the export."""

import re
from collections.abc import Sequence

from pocketpay import money
from pocketpay.importing.finding import shown
from pocketpay.importing.joined import Checker

_BALANCE = re.compile(r"(-?)(\d{1,30})(?:\.(\d{1,30}))?", re.ASCII)
_MINOR_UNITS = re.compile(r"(-?\d{1,30})(?:\.0{1,30})?", re.ASCII)
"""Some spreadsheets write a whole number with a point and zeros."""


def opening_balance(checker: Checker, served: Sequence[str]) -> tuple[str | None, int]:
    """Returns the wallet's currency (None when it is wrong) and the opening balance in minor units."""
    joined = checker.joined
    if joined.currencies > 1:
        checker.wrong("currency", f"{joined.currencies} different currencies are given for the same person")
        return None, 0
    raw = (joined.currency or "").strip().upper()
    code = raw or (served[0] if len(served) == 1 else "")
    if code not in served:
        problem = (
            f"is not a currency of this server. Its currencies: {', '.join(served)}"
            if raw
            else "is missing, and this server has several currencies"
        )
        checker.wrong("currency", problem, joined.currency)
        return None, 0
    in_major = {
        "balance": joined.balance,
        "wallet's balance": joined.wallet_balance,
        "ledger entries": joined.entries,
    }
    in_minor = {"balance_cents": joined.balance_cents, "wallet's balance_cents": joined.wallet_balance_cents}
    values = in_major | in_minor
    minors = {name: _of_major(checker, name, raw, code) for name, raw in in_major.items() if raw is not None}
    minors |= {name: _of_minor(checker, name, raw, code) for name, raw in in_minor.items() if raw is not None}
    known = {minor for minor in minors.values() if minor is not None}
    if len(known) > 1:
        checker.wrong("balance", "differs: " + ", ".join(f"{name} {shown(values[name] or '')}" for name in minors))
    return code, max(known, default=0)


def _of_major(checker: Checker, field: str, raw: str, code: str) -> int | None:
    """Converts an amount in major units to minor units. Extra zeros after the currency's digits are allowed.

    Returns None, with a finding, for an invalid amount.
    """
    if not raw.strip():
        return 0
    shape = _BALANCE.fullmatch(raw.strip())
    if shape is None:
        checker.wrong(field, "is not an amount: write digits and one point", raw)
        return None
    exponent = money.currency(code).exponent
    sign, whole, part = shape[1], shape[2], shape[3] or ""
    if part[exponent:].strip("0"):
        checker.wrong(field, f"has more than the {exponent} decimals of {code}", raw)
        return None
    minor = int(whole + part[:exponent].ljust(exponent, "0"))
    return _bounded(checker, field, raw, code, -minor if sign else minor)


def _of_minor(checker: Checker, field: str, raw: str, code: str) -> int | None:
    """Parses an amount in minor units, such as cents or yen. Returns None, with a finding, for an invalid amount."""
    if not raw.strip():
        return 0
    shape = _MINOR_UNITS.fullmatch(raw.strip())
    if shape is None:
        checker.wrong(field, f"is not a whole number of the smallest unit of {code}", raw)
        return None
    return _bounded(checker, field, raw, code, int(shape[1]))


def _bounded(checker: Checker, field: str, raw: str, code: str, minor: int) -> int | None:
    if minor < 0:
        checker.wrong(field, "is negative: an opening balance cannot be a debt", raw)
        return None
    if minor > money.MAX_MAJOR * 10 ** money.currency(code).exponent:
        checker.wrong(field, f"is above {money.MAX_MAJOR:,} {code}", raw)
        return None
    return minor
