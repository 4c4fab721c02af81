"""Many rows as the arguments of one statement: one array for each column, unnested in SQL.

    new = Arrays(id="uuid", amount="bigint")
    sql = f"insert into things ({new.names}) select * from {new.unnest('u', numbered_from(1))}"
    await session.execute(sql, *new.arguments(id=[t.id for t in things], amount=[t.amount for t in things]))

    insert into things (id, amount) select * from unnest($1::uuid[], $2::bigint[]) u(id, amount)

Arguments are numbered in the order in which `unnest` is called.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from operator import itemgetter


class Arrays:
    """The columns of the rows: each has a name and a PostgreSQL type. There must be at least two."""

    def __init__(self, **types: str) -> None:
        self._types = types
        self._in_order = itemgetter(*types)

    def only(self, *names: str) -> "Arrays":
        """Returns Arrays with only the named columns, with the same types."""
        return Arrays(**{name: self._types[name] for name in names})

    @property
    def names(self) -> str:
        """The names of the columns as an SQL list."""
        return ", ".join(self._types)

    def unnest(self, alias: str, numbers: Iterator[int]) -> str:
        """Returns the SQL of the rows as an item of FROM. Each array takes the next number from `numbers`."""
        arrays = ", ".join(f"${next(numbers)}::{type_}[]" for type_ in self._types.values())
        return f"unnest({arrays}) {alias}({self.names})"

    def arguments(self, **arrays: Sequence[object]) -> tuple[Sequence[object], ...]:
        """Returns the arrays in the order of the columns. Raises KeyError when one is missing, TypeError when there
        are too many."""
        if len(arrays) > len(self._types):
            raise TypeError(f"the columns are {self.names}, not {', '.join(arrays)}")
        in_order: tuple[Sequence[object], ...] = self._in_order(arrays)
        return in_order


def numbered_from(first: int) -> Iterator[int]:
    """Returns the numbers of a statement's arguments, starting with `first`."""
    return count(first)
