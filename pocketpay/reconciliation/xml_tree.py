"""Reads XML into a small tree that knows its lines.

A document type declaration is refused as soon as it begins. Without one there are no entities, so a few lines cannot
expand to gigabytes, and nothing outside the file is read. The size of the file, the depth and the number of elements
are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from pocketpay.reconciliation.errors import BankFileUnreadable

MAX_DEPTH = 32
MAX_TEXT = 10_000
MAX_ELEMENTS = 500_000
"""About 200 MB of memory. A movement of a camt.053 file has 20 to 60 elements."""


@dataclass(slots=True)
class Element:
    """An element: its namespace, its name, the line on which it begins, its attributes, its text and its children."""

    namespace: str
    name: str
    line: int
    attributes: dict[str, str]
    text: str = ""
    children: "list[Element]" = field(default_factory=list)

    def all(self, *path: str) -> "Iterator[Element]":
        """Yields the elements below the path of names."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.name == path[0]:
                yield from child.all(*path[1:])

    def first(self, *path: str) -> "Element | None":
        """Returns the first element below the path of names, or None."""
        return next(self.all(*path), None)

    def value(self, *path: str) -> str:
        """Returns the text of the first element below the path of names, trimmed; "" without one."""
        found = self.first(*path)
        return "" if found is None else found.text.strip()


def root_of(data: bytes) -> Element:
    """Returns the root of the document. Raises BankFileUnreadable."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    open_elements = [Element("", "", 0, {})]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS or len(open_elements) > MAX_DEPTH:
            raise BankFileUnreadable("the file has too many elements. Split it by days.", parser.CurrentLineNumber)
        namespace, _, local = name.rpartition(" ")
        element = Element(namespace, local, parser.CurrentLineNumber, attributes)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_name: str) -> None:
        open_elements.pop()

    def text(data: str) -> None:
        if data.isspace():
            return
        element = open_elements[-1]
        element.text += data
        if len(element.text) > MAX_TEXT:
            raise BankFileUnreadable("a value is too long.", element.line)

    def refuse(*_: Any) -> None:
        raise BankFileUnreadable("the file has a document type declaration (<!DOCTYPE).", parser.CurrentLineNumber)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as wrong:
        raise BankFileUnreadable(f"it is not XML: {expat.ErrorString(wrong.code)}.", wrong.lineno) from None
    except (LookupError, ValueError):  # an encoding that Python or expat does not know
        raise BankFileUnreadable("the encoding of the file is unknown.", 1) from None
    return open_elements[0].children[0]
