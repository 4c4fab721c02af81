"""What the clearing carries out: a small frozen value with a footprint and a decision.

What it needs is in `footprint.py`, what it comes to in `outcome.py`, what it reads in `book.py`.
"""

from typing import Protocol

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.outcome import Outcome


class Instruction(Protocol):
    """Something to be carried out. Deciding reads the book and nothing else, and changes nothing."""

    @property
    def footprint(self) -> Footprint: ...

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises a Refusal when nothing comes of it and no row stays."""
        ...
