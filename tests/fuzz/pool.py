"""Values for arguments: those of the answers so far, and odd ones of every type."""

import json
import random
import re
from collections.abc import Sequence
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
)

TAGS = (
    *("user", "profile", "wallet", "session", "transaction", "entry", "request", "card", "customer"),
    *("customer_wallet", "customer_transaction", "customer_session", "act"),
)
SUFFIX = "01hzzzzzzzzzzzzzzzzzzzzzzz"
NUL, LONE, EMOJI, RTL, ZALGO = "a\0b", "\ud800", "👩‍👩‍👧‍👦", "\u202egnp.exe", "e" + "\u0301" * 200
TEXTS = (
    *("", " ", "a", NUL, EMOJI, RTL, ZALGO, "\n", "a\nb", "\t", "\r\n", "\u2028", "\ufeff", "\u200b", "ﷺ" * 20, "İ"),
    *("A" * 101, "A" * 501, "A" * 5_000, "null", "None", "NaN", "-0", "0", "1e999", "１２", "1_000", "0x10", "٣"),
    *(
        "'; drop table users; --",
        "%s%n%d",
        "{{7*7}}",
        "${x}",
        "$1",
        "\\",
        "\\u0000",
        '"',
        "'",
        "`",
        "<script>",
        "=1+1",
    ),
    *("../../etc/passwd", "a@b", "a@b.c", "ada@example.com", "ADA@EXAMPLE.COM", "@ada", "+12025550123", "+0", "аda"),
    *("x" * 255, "x" * 256, "k" * 8, "\x7f", "\x1b[31m", "\ufffe", "\U0010ffff", "a" + "\u0300" * 5_000),
)
AMOUNTS = (
    *(
        "0",
        "0.01",
        "1",
        "12.50",
        "99999999999",
        "10000000000000000000000",
        "-1",
        "+1",
        "1.",
        ".5",
        "1.005",
        "1e3",
        "",
    ),
    *(" 1", "1 ", "١", "１", "NaN", "Infinity", "1,00", "0x1", "00001.00", "1" * 400, "0." + "0" * 400 + "1", "\0"),
)
TIMES = (
    *("2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "now"),
    *("2020-02-30T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T00:00:60Z", "2020-01-01T00:00:00+23:59"),
    *("2020-01-01T00:00:00-24:00", "2020-01-01", "2020-01-01T00:00:00", "9999-12-31T23:59:59-14:00", ""),
    *("0001-01-01T00:00:00+14:00", "2020-01-01T00:00:00.123456789Z", "２020-01-01T00:00:00Z", "2020-W01-1"),
    *("20200101T000000Z", "1e9", "\0", "2020-01-01T00:00:00z", "2020-01-01t00:00:00Z", "2020-01-01T00:00:00.Z"),
)
NUMBERS = (0, 1, 2, 3, 100, 101, -1, 2**31 - 1, -(2**31), 2**31, 2**53, 2**63, 2**64, 10**400)
MONTHS = ("2026-01", "0000-00", "9999-12", "2026-13", "2026-1", "0001-01", "10000-01", "-001-01", "２026-01", "")
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "EST5EDT", "../UTC", "/etc/passwd", "utc", "a" * 300, "", "\0")
ODD_IDS = (
    *("", "_", "__", SUFFIX, SUFFIX[:-1], SUFFIX + "z", "8" + SUFFIX[1:], SUFFIX.upper(), "0" * 26, "7" + "z" * 25),
    *("-" * 26, "0" * 25 + "\0", "0" * 25 + "i", "０" * 26, "0" * 25 + "é", "0" * 400, "0" * 25 + "\n", " " + SUFFIX),
)


class Pool:
    """What the answers contained, and random values of each input type."""

    def __init__(self, chance: random.Random, *, passwords: Sequence[str], usernames: Sequence[str]) -> None:
        self.random = chance
        self.passwords, self.usernames = list(passwords), list(usernames)
        self.ids: list[str] = []
        self.cursors: list[str] = []
        self.times: list[str] = []
        self.keys = ["a-known-key"]
        self.odd_share = 0.15
        self.tag = ""
        """The tag of the ids that fit the field whose arguments are being made."""

    def learn(self, answer: Any) -> None:
        """Keeps the ids, cursors and times in an answer."""
        for kind, pattern in (("ids", _ID), ("cursors", _CURSOR), ("times", _TIME)):
            known: list[str] = getattr(self, kind)
            for value in pattern.findall(answer if isinstance(answer, str) else json.dumps(answer)):
                if value not in known:
                    known.append(value)
            del known[:-400]

    def pick(self, values: Sequence[Any]) -> Any:
        return values[int(self.random.random() * len(values))]

    def odd(self) -> bool:
        return self.random.random() < self.odd_share

    # ------------------------------------------------------------ values as JSON

    def value(self, type_: GraphQLInputType, name: str, *, depth: int = 0) -> Any:
        """A value for an argument or an input field of that type: usually one that fits."""
        chance = self.random
        if isinstance(type_, GraphQLNonNull):
            return None if chance.random() < self.odd_share / 8 else self._some(type_.of_type, name, depth)
        return None if chance.random() < 0.1 else self._some(type_, name, depth)

    def _some(self, type_: GraphQLInputType, name: str, depth: int) -> Any:
        chance = self.random
        if chance.random() < self.odd_share / 4:
            return self.json(2)
        if isinstance(type_, GraphQLList):
            many = self.pick((0, 1, 1, 2, 2, 3, 5, 101 if self.odd() else 2))
            return [self.value(type_.of_type, name, depth=depth + 1) for _ in range(many)]
        if isinstance(type_, GraphQLInputObjectType):
            return self.fields(type_, depth)
        if isinstance(type_, GraphQLEnumType):
            return "NO_SUCH" if self.odd() else self.pick([*type_.values])
        assert isinstance(type_, GraphQLScalarType)
        return self.scalar(type_.name, name)

    def fields(self, type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for name, field in type_.fields.items():
            required = isinstance(field.type, GraphQLNonNull)
            if self.random.random() < (1 - self.odd_share / 8 if required else 0.5):
                written[name] = self.value(field.type, name, depth=depth + 1)
        if self.random.random() < self.odd_share / 8:
            written["noSuchField"] = self.json(1)
        return written

    def scalar(self, type_name: str, name: str) -> Any:
        """A value of a scalar. The name of the argument or field selects values that can be right."""
        odd = self.odd()
        match type_name:
            case "Boolean":
                return self.pick((True, False))
            case "Int":
                return self.pick(NUMBERS) if odd else self.pick((1, 2, 3, 10, 20))
            case "Float":
                return self.pick((0.5, 1e308, -1.0, *NUMBERS))
            case "Amount":
                return self.pick(AMOUNTS) if odd else self.pick(("0.01", "0.50", "1.00", "3.10", "40.00"))
            case "DateTime":
                return self.pick(TIMES) if odd or not self.times else self.pick(self.times)
            case "CurrencyCode":
                return self.pick(("usd", "XXX", "US", "EUR", "", "JPY\0")) if odd else "USD"
            case "ID":
                return self.id()
            case _:
                return self.text(name, odd)

    def text(self, name: str, odd: bool) -> str:
        if odd:
            return str(self.pick(TEXTS))
        lowered = name.lower()
        if "key" in lowered:
            return f"key-{self.random.getrandbits(40):x}" if self.random.random() < 0.8 else str(self.pick(self.keys))
        if "password" in lowered:
            return str(self.pick(self.passwords))
        if lowered in (
            "to",
            "from",
            "among",
            "username",
            "counterparty",
            "login",
            "customer",
            "wallet",
            "of",
            "find",
        ):
            return str(self.pick(self.usernames)) if self.random.random() < 0.8 or not self.ids else self.id()
        if lowered in ("after", "before"):
            return self.cursor()
        if lowered == "month":
            return str(self.pick(MONTHS))
        if lowered == "timezone":
            return str(self.pick(ZONES))
        if lowered == "code":
            return f"{self.random.randrange(10**8):08d}"
        if lowered == "value":
            return str(self.pick(("off", "confirm", "5", "100.00", "23:00", "USD:1.00")))
        return str(self.pick(("Lunch", "Rent for May", "x", "First Bank", "Café")))

    def id(self) -> str:
        if self.ids and not self.odd():
            fitting = [id for id in self.ids if id.startswith(self.tag)] if self.random.random() < 0.8 else []
            return str(self.pick(fitting or self.ids))
        return f"{self.pick(TAGS)}_{self.pick(ODD_IDS)}" if self.random.random() < 0.8 else str(self.pick(TEXTS))

    def cursor(self) -> str:
        """A cursor of an answer, often with one character changed."""
        if not self.cursors:
            return str(self.pick(TEXTS))
        cursor = str(self.pick(self.cursors))
        if self.random.random() < 0.5:
            return cursor
        at = self.random.randrange(len(cursor))
        return cursor[:at] + str(self.pick(("", "A", "=", "é", "\0", "-", "_", cursor))) + cursor[at + 1 :]

    def json(self, depth: int) -> Any:
        """Any JSON value."""
        kind = self.random.randrange(9 if depth > 0 else 7)
        match kind:
            case 0:
                return None
            case 1:
                return self.pick((True, False))
            case 2:
                return self.pick(NUMBERS)
            case 3:
                return self.pick((0.1, -0.0, 1e-320, 1e308, 123456789.123))
            case 4 | 5 | 6:
                return self.pick(TEXTS)
            case 7:
                return [self.json(depth - 1) for _ in range(self.random.randrange(4))]
            case _:
                return {str(self.pick(TEXTS[:12])): self.json(depth - 1) for _ in range(self.random.randrange(4))}


_ID = re.compile(r'"((?:' + "|".join(TAGS) + r')_[0-9a-hjkmnp-tv-z]{26})"')
_CURSOR = re.compile(r'"(?:cursor|startCursor|endCursor)": ?"([^"\\]+)"')
_TIME = re.compile(r'"(\d{4}-\d\d-\d\dT[0-9:.]+Z)"')
