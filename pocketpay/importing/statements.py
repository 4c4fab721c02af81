"""Finds where statements begin in a dump, outside of strings, comments and function bodies.

A function body, or a string that an attacker wrote, may contain a line that looks like the beginning of a COPY block.
"""

import re

_NEXT = re.compile(r"--|/\*|'|\"|\$(?:[^\W\d]\w*)?\$|;|\w[\w$]*'?|\S")
"""A word includes its dollar signs: `a$b$c` is a name, and no string begins in it."""

_COMMENT = re.compile(r"/\*|\*/")
_ESCAPED = re.compile(r"\\.|'", re.DOTALL)

_ESCAPING = "E'"
_ESCAPING_PREFIXES = ("E'", "e'")


class Statements:
    """Tracks statements, strings and comments while a dump is read line by line, outside of table data."""

    def __init__(self) -> None:
        self._inside: str | None = None
        self._depth = 0
        self._between = True

    @property
    def between(self) -> bool:
        """Whether the next line begins outside of all statements, strings and comments."""
        return self._inside is None and self._between

    def follow(self, line: str) -> None:
        """Processes the next line."""
        if self.between and line.startswith("\\"):
            return  # a command of psql, up to the end of the line
        place = 0
        while place <= len(line):
            found = self._leave(line, place) if self._inside is not None else self._enter(line, place)
            if found is None:
                return
            place = found

    def _enter(self, line: str, place: int) -> int | None:
        """Processes the next token outside of strings and comments. Returns where to continue, or None at the end."""
        found = _NEXT.search(line, place)
        if found is None or found[0] == "--":
            return None
        sign = found[0]
        if sign == "/*":
            self._inside, self._depth = sign, 1
        elif sign[-1] in "'\"" or (sign[0] == "$" and len(sign) > 1):
            self._inside = _ESCAPING if sign in _ESCAPING_PREFIXES else sign if sign[0] == "$" else sign[-1]
            self._between = False
        else:
            self._between = sign == ";"
        return found.end()

    def _leave(self, line: str, place: int) -> int | None:
        """Looks for the end of the current string, comment or body. A doubled quote ends a string and begins another.

        Returns where to continue, or None when the line has no such end.
        """
        inside = self._inside or ""
        if inside == "/*":
            return self._leave_comment(line, place)
        if inside == _ESCAPING:
            return self._leave_escaped(line, place)
        end = line.find(inside, place)
        if end < 0:
            return None
        self._inside = None
        return end + len(inside)

    def _leave_comment(self, line: str, place: int) -> int | None:
        found = _COMMENT.search(line, place)
        if found is None:
            return None
        self._depth += 1 if found[0] == "/*" else -1
        if not self._depth:
            self._inside = None
        return found.end()

    def _leave_escaped(self, line: str, place: int) -> int | None:
        while (found := _ESCAPED.search(line, place)) is not None:
            place = found.end()
            if found[0] == "'" and line[place : place + 1] != "'":
                self._inside = None
                return place
            place += found[0] == "'"
        return None
