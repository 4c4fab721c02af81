"""Reading the files of banks, and the message for every file that is refused."""

from datetime import date
from uuid import UUID

import pytest

from pocketpay.api import ids
from pocketpay.api.operations.customer_query import transaction_uuid
from pocketpay.money import Money
from pocketpay.reconciliation import bank_file, camt_file, csv_file, reading, xml_tree
from pocketpay.reconciliation.bank_file import BankFile
from pocketpay.reconciliation.errors import BankFileUnreadable
from tests.reconciliation.files import DAY, HEAD, Moved, amount, balance, camt_of, csv_of, entry

ID = UUID("019acb7f-fb3f-7c0f-8f1d-5e6a7b8c9d0e")
IN, OUT = Moved("100.00", ID), Moved("-20.50", "Fees of November", "2026-11-26")


def read(data: bytes | str) -> BankFile:
    return reading.read(data.encode() if isinstance(data, str) else data, transaction_uuid)


def facts(file: BankFile) -> list[tuple[date, Money, str | None, UUID | None]]:
    return [(line.day, line.amount, line.reference, line.transaction_id) for line in file.lines]


def test_csv_and_camt_053_give_the_same_file() -> None:
    for data in (csv_of([IN, OUT]), camt_of([IN, OUT]), camt_of([IN, OUT], line="")):
        file = read(data)
        assert facts(file) == [
            (date(2026, 11, 27), Money(10_000, "USD"), ID.hex, ID),
            (date(2026, 11, 26), Money(-2_050, "USD"), "Fees of November", None),
        ]
        assert (file.currency, file.total) == ("USD", Money(7_950, "USD"))
        assert (file.first_day, file.last_day) == (date(2026, 11, 26), date(2026, 11, 27))
    assert [line.number for line in read(csv_of([IN, OUT])).lines] == [2, 3]
    assert [line.number for line in read(camt_of([IN, OUT], line="")).lines] == [1, 2]


def test_columns_in_any_order_with_other_columns_and_quotes_are_read() -> None:
    head, first = "\ufeffReference,Text,AMOUNT,currency,date", f'{ID},"a ""b"",\nc", 100.0 ,USD,{DAY}'
    data = "\r\n".join([head, first, ",,,,", f",,7,USD,{DAY}", ""])
    file = read(data)
    assert facts(file) == [
        (date(2026, 11, 27), Money(10_000, "USD"), str(ID), ID),
        (date(2026, 11, 27), Money(700, "USD"), None, None),
    ]
    assert [line.line for line in file.lines] == [2, 5]


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        (str(ID), ID),
        (ID.hex.upper(), ID),
        (ids.encode(ids.TRANSACTION, ID), ID),
        (ids.encode(ids.CUSTOMER_TRANSACTION, ID), ID),
        (ids.encode(ids.WALLET, ID), None),
        (str(ID)[:-1], None),
        (f"{{{ID}}}", None),
        (f"urn:uuid:{ID}", None),
        ("Rent", None),
    ],
)
def test_a_reference_names_a_transaction_by_its_id_in_any_form(reference: str, named: UUID | None) -> None:
    assert [line.transaction_id for line in read(csv_of([Moved("1", reference)])).lines] == [named]


def test_an_entry_with_several_movements_has_a_line_for_each() -> None:
    other = UUID(int=7)
    parts = "".join(
        f"<TxDtls><Refs><EndToEndId>{id.hex}</EndToEndId></Refs>{money}</TxDtls>"
        for id, money in (
            (ID, '<AmtDtls><TxAmt><Amt Ccy="USD">70</Amt></TxAmt></AmtDtls>'),
            (other, amount("30.00")),
        )
    )
    file = read(camt_of([], after=entry(IN, details=parts)))
    assert [(line.amount.minor, line.transaction_id) for line in file.lines] == [(7_000, ID), (3_000, other)]


def test_only_booked_entries_are_read_and_the_days_are_the_days_of_the_statement() -> None:
    pending = entry(IN, status="<Sts>PDNG</Sts>")
    booked = entry(OUT, status="<Sts>BOOK</Sts>")
    days = "<FrToDt><FrDtTm>2026-11-25T00:00:00</FrDtTm><ToDtTm>2026-11-28T23:59:59</ToDtTm></FrToDt>"
    file = read(camt_of([], before=pending, after=booked, period=days))
    assert [line.amount.minor for line in file.lines] == [-2_050]
    assert (file.first_day, file.last_day) == (date(2026, 11, 25), date(2026, 11, 28))
    chosen = reading.read(csv_of([IN]), transaction_uuid, first_day=date(2026, 11, 1), last_day=date(2026, 11, 30))
    assert (chosen.first_day, chosen.last_day) == (date(2026, 11, 1), date(2026, 11, 30))


def test_the_movements_must_explain_the_balances() -> None:
    right = camt_of([IN], before=balance("OPBD", "0.00") + balance("CLBD", "100.00"))
    assert read(right).total == Money(10_000, "USD")
    wrong = camt_of([IN], before=balance("OPBD", "-5.00") + balance("CLBD", "100.00"))
    with pytest.raises(
        BankFileUnreadable, match=r"^Line 3: the opening balance -5.00 and .* 100.00: a part of the st"
    ):
        read(wrong)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ENTRY = entry(IN)

REFUSED: dict[str, tuple[bytes | str, str]] = {
    "nothing": ("", "Line 1: the column 'date' is missing. The columns are date, amount, currency, reference."),
    "only a header": (HEAD, "The file has no movements."),
    "semicolons": (HEAD.replace(",", ";"), "reference. The columns must be separated by commas."),
    "a column twice": (HEAD + ",amount", "Line 1: the column 'amount' is in the header twice."),
    "too few columns": (f"{HEAD}\n{DAY},1.00,USD", "Line 2: it has 3 columns, and the header has 4."),
    "an open quote": (f'{HEAD}\n{DAY},1.00,USD,"x', "Line 2: it has a quote that is not closed"),
    "a long value": (f"{HEAD}\n{DAY},1.00,USD,{'x' * 20_000}", "or a value that is too long."),
    "a long reference": (csv_of([Moved("1", "x" * 141)]), "Line 2: the reference has more than 140 characters."),
    "a control character": (csv_of([Moved("1", "x\x07")]), "Line 2: the reference has characters that cannot be"),
    "another encoding": (csv_of([IN, Moved("1", "Zürich")]).decode().encode("latin-1"), "Line 3: it is not UTF-8."),
    "too many decimals": (
        csv_of([IN, Moved("1.001", "")]),
        "Line 3: the amount '1.001' must have at most 2 decimals",
    ),
    "decimals of yen": (csv_of([Moved("1.5", "", currency="JPY")]), "the amount '1.5' must have no decimals in JPY."),
    "a decimal comma": (f'{HEAD}\n{DAY},"1,00",USD,', "Line 2: the amount '1,00' must be decimal digits"),
    "a zero": (csv_of([Moved("0.00", "")]), "Line 2: the amount '0.00' must be greater than zero"),
    "an exponent": (csv_of([Moved("1e5", "")]), "Line 2: the amount '1e5' must be decimal digits"),
    "two signs": (csv_of([Moved("--1", "")]), "Line 2: the amount '-1' must be decimal digits"),
    "too much": (
        csv_of([Moved("99999999999", "")]),
        "Line 2: the amount '99999999999' must be greater than zero and",
    ),
    "no currency": (csv_of([Moved("1", "", currency="XYZ")]), "Line 2: 'XYZ' is not the code of a currency."),
    "two currencies": (
        csv_of([IN, Moved("1", "", currency="EUR")]),
        "Line 3: the currency is EUR, and USD in line 2.",
    ),
    "no day": (csv_of([Moved("1", "", day="2026-02-30")]), "Line 2: the date '2026-02-30' must be a day like"),
    "another form of a day": (csv_of([Moved("1", "", day="27.11.2026")]), "Line 2: the date '27.11.2026' must be"),
    "a week": (csv_of([Moved("1", "", day="2026-W48-5")]), "Line 2: the date '2026-W48-5' must be"),
    "no XML": ("<Document", "Line 1: it is not XML"),
    "another document": ("<a/>", "Line 1: the root must be a Document of urn:iso:std:iso:20022:tech:xsd:camt.053."),
    "no entries": (camt_of([]), "The file has no movements."),
    "a bomb of entities": (LAUGHS + "<x>&b;</x>", "Line 1: the file has a document type declaration"),
    "a file from outside": (OUTSIDE + "<x>&a;</x>", "Line 1: the file has a document type declaration"),
    "an unknown encoding": ('<?xml version="1.0" encoding="x-none"?><a/>', "Line 1: "),
    "an unknown entity": (camt_of([Moved("1.00", "&a;")]), "Line 4: it is not XML: undefined entity."),
    "too deep": ("<a>" * 40, "Line 1: the file has too many elements."),
    "a long text": (f"<a>{'x' * 20_000}</a>", "Line 1: a value is too long."),
    "no direction": (camt_of([], after=ENTRY.replace("CRDT", "?")), "Line 4: the direction (CdtDbtInd) must be CRDT"),
    "no amount": (
        camt_of([], after="<Ntry><Sts>BOOK</Sts><BookgDt><Dt>2026-11-27</Dt></BookgDt></Ntry>"),
        "(Amt) is",
    ),
    "no booking day": (camt_of([], after=ENTRY.replace("BookgDt", "Other")), "Line 4: the date '' must be a day"),
    "an entry in two parts": (
        camt_of([], after=entry(IN, details=f"<TxDtls>{amount('1.00')}</TxDtls>" * 2)),
        "Line 4: the movements of this entry sum to 2.00, and the entry is 100.00.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_with_the_line_and_the_reason(name: str) -> None:
    data, sentence = REFUSED[name]
    with pytest.raises(BankFileUnreadable) as refused:
        read(data)
    assert sentence in str(refused.value)


def test_all_lines_of_a_file_are_within_its_days() -> None:
    with pytest.raises(BankFileUnreadable, match=r"^Line 3: 2026-11-26 is not within the days of the file"):
        reading.read(csv_of([IN, OUT]), transaction_uuid, first_day=date(2026, 11, 27))
    with pytest.raises(BankFileUnreadable, match=r"^The first day, 2026-12-01, is after the last day, 2026-11-27"):
        reading.read(csv_of([IN]), transaction_uuid, first_day=date(2026, 12, 1))


def test_a_file_above_the_maximum_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [IN, OUT]
    for module in (csv_file, camt_file):
        monkeypatch.setattr(module, "MAX_LINES", 1)
    for data in (csv_of(two), camt_of(two)):
        with pytest.raises(BankFileUnreadable, match=r"^The file has more than 1 movements. Split it by days"):
            read(data)
    monkeypatch.setattr(xml_tree, "MAX_ELEMENTS", 10)
    with pytest.raises(BankFileUnreadable, match=r"^Line \d: the file has too many elements"):
        read(camt_of([IN]))
    monkeypatch.setattr(reading, "MAX_BYTES", 1024 * 1024)
    with pytest.raises(BankFileUnreadable, match=r"^The file is larger than 1 MB"):
        read(b"x" * (1024 * 1024 + 1))
    assert bank_file.MAX_BYTES > 1024 * 1024
