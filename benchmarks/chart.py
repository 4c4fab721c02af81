"""Draws the table's main figures as an SVG file: a bar for each server, for transfers and for balance reads.

The file is text that a page shows as an image. It needs no library, and follows the reader's light or dark theme.
"""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from benchmarks.table import Case, Measured

CLIENTS = 32
OURS = "Pocket Pay through GraphQL"
SERVERS = (
    (OURS, "Pocket Pay"),
    ("Mercurius", "Mercurius"),
    ("Strawberry with its caches", "Strawberry, cached"),
    ("Strawberry", "Strawberry"),
    ("reference backend", "FastAPI backend"),
)
GROUPS = (("transfer", "transfers per second"), ("balance", "balance reads per second"))

WIDTH, LABEL, BAR, ROW, TITLE = 760, 170, 480, 26, 34
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2937 }
.title { font-weight: 600 }
.bar { fill: #9ca3af }
.ours { fill: #047857 }
@media (prefers-color-scheme: dark) { text { fill: #e5e7eb } .bar { fill: #6b7280 } .ours { fill: #34d399 } }
"""


def draw(measured: Mapping[Case, Measured], machine: str) -> str:
    """Returns the SVG text of the medians at 32 clients. A server without measurements has no bar."""
    drawn: list[str] = []
    y = 0
    for what, title in GROUPS:
        y += TITLE
        drawn.append(f'<text class="title" x="0" y="{y - 10}">{title}, {CLIENTS} clients</text>')
        found = [(name, label, measured.get(Case(f"{what}, {name}", CLIENTS))) for name, label in SERVERS]
        rates = [(name, label, got.rate) for name, label, got in found if got is not None]
        fastest = max((rate for _, _, rate in rates), default=1.0)
        for name, label, rate in rates:
            drawn += _bar(y, label, rate, rate / fastest, ours=name == OURS)
            y += ROW
    y += TITLE
    drawn.append(
        f'<text x="0" y="{y - 10}">{escape(machine)}. Only Pocket Pay checks tokens, keys, risk and limits.</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img" '
        f'aria-label="Rates of Pocket Pay and other servers">\n<style>{STYLE}</style>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _bar(y: int, label: str, rate: float, share: float, *, ours: bool) -> list[str]:
    """A row: the server's name, its bar, and its rate."""
    width, baseline = max(1, round(BAR * share)), y + 17
    kind = "bar ours" if ours else "bar"
    return [
        f'<text x="{LABEL - 10}" y="{baseline}" text-anchor="end">{escape(label)}</text>',
        f'<rect class="{kind}" x="{LABEL}" y="{y + 3}" width="{width}" height="{ROW - 8}" rx="3"/>',
        f'<text x="{LABEL + width + 8}" y="{baseline}">{rate:,.0f}</text>',
    ]
