"""A person's opening balance: read to the minor unit, and the same wherever the export tells it."""

import re
from collections.abc import Sequence

from pocketpay import money
from pocketpay.importing.finding import shown
from pocketpay.importing.joined import Judge

_BALANCE = re.compile(r"(-?)(\d{1,30})(?:\.(\d{1,30}))?", re.ASCII)


def opening_balance(judge_: Judge, served: Sequence[str]) -> tuple[str | None, int]:
    """The wallet's currency, and the opening balance in its minor units."""
    joined = judge_.joined
    if joined.currencies > 1:
        judge_.wrong("currency", f"has {joined.currencies} values for the same person")
        return None, 0
    raw = (joined.currency or "").strip().upper()
    code = raw or (served[0] if len(served) == 1 else "")
    if code not in served:
        problem = (
            f"is not a currency of this server. Its currencies: {', '.join(served)}"
            if raw
            else "is missing, and this server has several currencies"
        )
        judge_.wrong("currency", problem, joined.currency)
        return None, 0
    said = {"balance": joined.balance, "wallet's balance": joined.wallet_balance, "ledger entries": joined.entries}
    minors = {name: _minor(judge_, name, raw, code) for name, raw in said.items() if raw is not None}
    known = {minor for minor in minors.values() if minor is not None}
    if len(known) > 1:
        judge_.wrong("balance", "differs: " + ", ".join(f"{name} {shown(said[name] or '')}" for name in minors))
    return code, max(known, default=0)


def _minor(judge_: Judge, field: str, raw: str | None, code: str) -> int | None:
    """An opening balance in minor units, zeros beyond the currency's digits taken off; None, and said, if unfit."""
    if raw is None or not raw.strip():
        return 0
    shape = _BALANCE.fullmatch(raw.strip())
    if shape is None:
        judge_.wrong(field, "is not an amount: use digits and one decimal point", raw)
        return None
    exponent = money.currency(code).exponent
    sign, whole, part = shape[1], shape[2], shape[3] or ""
    if part[exponent:].strip("0"):
        judge_.wrong(field, f"has more than {exponent} decimals, the maximum for {code}", raw)
        return None
    minor = int(whole + part[:exponent].ljust(exponent, "0"))
    if sign and minor:
        judge_.wrong(field, "is negative: a negative balance cannot be imported", raw)
        return None
    if minor > money.MAX_MAJOR * 10**exponent:
        judge_.wrong(field, f"is above {money.MAX_MAJOR:,} {code}", raw)
        return None
    return minor
