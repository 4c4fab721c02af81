"""Reads camt.053, the statement of an account in ISO 20022, of any version.

    Document/BkToCstmrStmt/Stmt        a statement; all of a file must be of one currency
      FrToDt                           the days that it covers; without FrToDt, the days of its entries
      Bal                              opening (OPBD) and closing balance (CLBD): the entries must explain the change
      Ntry                             an entry; only booked ones are read
        NtryDtls/TxDtls                its movements, when it has several

The reference of a movement is its EndToEndId, or else the bank's AcctSvcrRef.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from pocketpay.money import Money
from pocketpay.reconciliation import values
from pocketpay.reconciliation.bank_file import MAX_LINES, BankLine
from pocketpay.reconciliation.errors import BankFileUnreadable
from pocketpay.reconciliation.values import PublicId
from pocketpay.reconciliation.xml_tree import Element, root_of

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053."
NO_REFERENCE = "NOTPROVIDED"
"""The reference that ISO 20022 uses when the payer gave none."""


def read(data: bytes, public_id: PublicId) -> tuple[list[BankLine], date | None, date | None]:
    """Returns the movements of the file, and its first and last day, or None. Raises BankFileUnreadable."""
    document = root_of(data)
    if document.name != "Document" or not document.namespace.startswith(NAMESPACE):
        raise BankFileUnreadable(f"the root must be a Document of {NAMESPACE}*.", document.line)
    lines: list[BankLine] = []
    days: list[tuple[str, str, int]] = []
    for statement in document.all("BkToCstmrStmt", "Stmt"):
        entries = [line for entry in statement.all("Ntry") for line in _lines(entry, public_id)]
        _check_balances(statement, entries)
        lines += [replace(line, number=number) for number, line in enumerate(entries, len(lines) + 1)]
        if len(lines) > MAX_LINES:
            raise BankFileUnreadable(f"The file has more than {MAX_LINES:,} movements. Split it by days.")
        period = statement.first("FrToDt")
        if period is not None:
            days.append((period.value("FrDtTm")[:10], period.value("ToDtTm")[:10], period.line))
    firsts = [values.day(first, line) for first, _, line in days if first]
    lasts = [values.day(last, line) for _, last, line in days if last]
    booked = [line.day for line in lines]
    return lines, min([*firsts, *booked], default=None), max([*lasts, *booked], default=None)


def _lines(entry: Element, public_id: PublicId) -> Iterator[BankLine]:
    if (entry.value("Sts", "Cd") or entry.value("Sts")) != "BOOK":
        return
    date_ = entry.first("BookgDt") or entry.first("ValDt")
    day = values.day("" if date_ is None else (date_.value("Dt") or date_.value("DtTm"))[:10], entry.line)
    total = _amount(entry.first("Amt"), entry.value("CdtDbtInd"), entry.line)
    details = [*entry.all("NtryDtls", "TxDtls")]
    if len(details) <= 1:
        found = details[0] if details else entry
        reference = _reference(found) or entry.value("AcctSvcrRef")
        yield BankLine(0, entry.line, day, total, *values.reference(reference, public_id, entry.line))
        return
    parts = []
    for part in details:
        money = part.first("Amt") or part.first("AmtDtls", "TxAmt", "Amt")
        amount = _amount(money, part.value("CdtDbtInd") or entry.value("CdtDbtInd"), part.line)
        parts.append(amount.minor)
        yield BankLine(0, part.line, day, amount, *values.reference(_reference(part), public_id, part.line))
    if sum(parts) != total.minor:
        raise BankFileUnreadable(
            f"the movements of this entry sum to {Money(sum(parts), total.currency)}, and the entry is {total}.",
            entry.line,
        )


def _reference(details: Element) -> str:
    reference = details.value("Refs", "EndToEndId")
    return reference if reference not in ("", NO_REFERENCE) else details.value("Refs", "AcctSvcrRef")


def _amount(money: Element | None, direction: str, line: int) -> Money:
    """Returns the amount; negative when the money went out (DBIT)."""
    if money is None:
        raise BankFileUnreadable("the amount (Amt) is missing.", line)
    if direction not in ("CRDT", "DBIT"):
        raise BankFileUnreadable("the direction (CdtDbtInd) must be CRDT or DBIT.", line)
    amount = values.amount(money.text.strip(), money.attributes.get("Ccy", ""), money.line)
    return amount if direction == "CRDT" else -amount


def _check_balances(statement: Element, lines: list[BankLine]) -> None:
    """Raises BankFileUnreadable when the movements are not the difference between the two balances."""
    balances: dict[str, Money] = {}
    for balance in statement.all("Bal"):
        kind, money = balance.value("Tp", "CdOrPrtry", "Cd"), balance.first("Amt")
        if kind in ("OPBD", "CLBD"):
            balances[kind] = _balance(balance, money)
    if len(balances) < 2:
        return
    opening, closing = balances["OPBD"], balances["CLBD"]
    moved = Money(sum(line.amount.minor for line in lines), opening.currency)
    if closing.currency != opening.currency or opening.minor + moved.minor != closing.minor:
        raise BankFileUnreadable(
            f"the opening balance {opening} and the booked movements {moved} do not give the closing balance "
            f"{closing}: a part of the statement is missing.",
            statement.line,
        )


def _balance(balance: Element, money: Element | None) -> Money:
    """Returns a balance, which may be zero."""
    if money is not None and not money.text.strip().strip("0."):
        return Money(0, values.currency_of(money.attributes.get("Ccy", ""), money.line))
    return _amount(money, balance.value("CdtDbtInd"), balance.line)
