"""The table of guards: which test fails when a guard is removed. It is the file `table.toml`."""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

FILE = Path(__file__).with_name("table.toml")

HEADER = """\
# Each guard of the code, and the test that fails when it is removed. `make mutations` removes each one and runs its
# test. `make mutations ARGS=--find` finds the tests of new guards. Guards of the database are not here: the test of
# each is the one of the same name in tests/database/test_constraints.py.
"""


@dataclass(slots=True)
class Table:
    """`killed_by` has the test of each guard. `same_without` has a reason for each guard whose removal changes
    nothing that anybody can observe, so that no test can fail."""

    killed_by: dict[str, str] = field(default_factory=dict)
    same_without: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Self:
        return cls(**tomllib.loads(FILE.read_text())) if FILE.exists() else cls()

    def write(self) -> None:
        parts = [HEADER]
        for name in ("killed_by", "same_without"):
            rows: dict[str, str] = getattr(self, name)
            lines = [f"{_quoted(guard)} = {_quoted(rows[guard])}\n" for guard in sorted(rows)]
            parts.append(f"[{name}]\n{''.join(lines)}")
        FILE.write_text("\n".join(parts))


def _quoted(text: str) -> str:
    return f"'{text}'" if "'" not in text else json.dumps(text)
