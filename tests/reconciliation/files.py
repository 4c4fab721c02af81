"""Files of banks for tests, as CSV and as camt.053."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

DAY = "2026-11-27"
HEAD = "date,amount,currency,reference"


@dataclass(frozen=True)
class Moved:
    """A movement: the amount that the bank account got, and the reference."""

    amount: str
    reference: UUID | str
    day: str = DAY
    currency: str = "USD"


def csv_of(moved: Sequence[Moved]) -> bytes:
    rows = [f"{one.day},{one.amount},{one.currency},{_text(one.reference)}" for one in moved]
    return "\n".join([HEAD, *rows, ""]).encode()


def camt_of(
    moved: Sequence[Moved], *, before: str = "", after: str = "", period: str = "", line: str = "\n"
) -> bytes:
    """A statement with these entries. `before` and `after` are XML of the statement, `period` that of its days."""
    entries = line.join(entry(one) for one in moved)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{line}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>{line}'
        f"<Stmt><Id>1</Id>{period}<Acct><Ccy>USD</Ccy></Acct>{before}{line}{entries}{after}</Stmt>{line}"
        "</BkToCstmrStmt></Document>"
    ).encode()


def entry(one: Moved, *, status: str = "<Sts><Cd>BOOK</Cd></Sts>", details: str | None = None) -> str:
    if details is None:
        details = f"<TxDtls><Refs><EndToEndId>{_text(one.reference)}</EndToEndId></Refs></TxDtls>"
    return (
        f"<Ntry>{amount(one.amount, one.currency)}{status}<BookgDt><Dt>{one.day}</Dt></BookgDt>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def amount(signed: str, currency: str = "USD") -> str:
    direction = "DBIT" if signed.startswith("-") else "CRDT"
    return f'<Amt Ccy="{currency}">{signed.lstrip("-")}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'


def balance(kind: str, signed: str) -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{amount(signed)}</Bal>"


def _text(reference: UUID | str) -> str:
    return reference.hex if isinstance(reference, UUID) else reference
