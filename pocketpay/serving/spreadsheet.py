"""CSV files for spreadsheets: RFC 4180, and no text of a user is evaluated as a formula.

A file begins with a byte order mark. Without it Excel decodes the bytes of "Zoë" in an old Windows encoding.
Decision 42 gives the reasons.

Every cell is quoted, so that a comma or a quote in it is an ordinary character. A spreadsheet treats a cell that
begins with = + - @ as a formula, and many split lines at semicolons even within quotes. So an
apostrophe goes before such a character at the start of a text or after a semicolon. Tabs and line breaks become
spaces, because some spreadsheets split there.
"""

import re
from collections.abc import Sequence

BYTE_ORDER_MARK = "\ufeff"

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_FORMULA = re.compile(r"(^|;)([\s\"']*[=+\-@＝＋－＠])")
"""The start of a possible formula. Some spreadsheets read the full-width characters like the ASCII ones."""


def row(cells: Sequence[str]) -> str:
    """Returns a line of a CSV file. Text of users must go through `safe_text` first."""
    return ",".join(['"' + cell.replace('"', '""') + '"' for cell in cells]) + "\r\n"


def safe_text(text: str) -> str:
    """Returns the text in a form that no spreadsheet evaluates."""
    return _FORMULA.sub(r"\1'\2", _CONTROLS.sub(" ", text))
