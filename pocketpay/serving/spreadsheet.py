"""CSV that people open in a spreadsheet: RFC 4180, and no cell of somebody's words is ever taken for a formula.

A file begins with a byte order mark. Without it Excel reads the bytes of "Zoë" in an old Windows encoding.
Decision 42 gives the reasons.

Every cell is quoted, so that a comma or a quote inside is a character. A spreadsheet takes for a formula what begins
with = + - @, and many are set to split at semicolons, quotes or not: words that begin so, or go on so after a
semicolon, get an apostrophe before them. Tabs and line breaks, where others split, become spaces.
"""

import re
from collections.abc import Sequence

BYTE_ORDER_MARK = "\ufeff"

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_FORMULA = re.compile(r"(^|;)([\s\"']*[=+\-@＝＋－＠])")
"""The beginning of what might be a formula; the wide forms are read as the plain ones by some."""


def row(cells: Sequence[str]) -> str:
    """A line of a CSV file. Words that anybody may have written go through `words` first."""
    return ",".join(['"' + cell.replace('"', '""') + '"' for cell in cells]) + "\r\n"


def words(text: str) -> str:
    """The text as a cell that no spreadsheet calculates."""
    return _FORMULA.sub(r"\1'\2", _CONTROLS.sub(" ", text))
