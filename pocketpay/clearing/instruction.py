"""The protocol of an instruction: a small frozen value with a footprint and a decision. The clearing executes it.

`footprint.py` says what an instruction needs, `book.py` what it reads, `outcome.py` what it returns.
"""

from typing import Protocol

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.outcome import Outcome


class Instruction(Protocol):
    """An order that the clearing executes. `decide` reads only the book, and changes nothing."""

    @property
    def footprint(self) -> Footprint: ...

    def decide(self, book: Book) -> Outcome:
        """Applies the rule and returns the outcome. Raises a Refusal when nothing is to be written."""
        ...
