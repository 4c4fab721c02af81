"""Many rows as one argument of a statement: an array of a composite type, whose fields are the columns.

    new = Composite[Thing]("new_thing", lambda it: (it.id, it.amount.minor), id="uuid", amount="bigint")
    sql = f"insert into things ({new.names}) select * from {new.unnest('u', numbered_from(1))}"
    await session.execute(sql, new.rows(things))

    insert into things (id, amount) select * from unnest($1::new_thing[]) u(id, amount)

`arrays.py` does the same with one array for each column, and needs no type in the database. For an array, the driver
checks whether each value is an array itself. The check costs more than sending the value, so payments are written
with composite types.

PostgreSQL knows a type by its fields in order, so a type never changes: other columns need a new type with another
name, and the old type stays while servers of the previous release may use it. Decision 56 gives the reasons.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Composite(Generic[T]):
    """The composite type `name`: its columns with their PostgreSQL types, and `row`, which returns the values of an
    object in the order of the columns. `tests/clearing/test_written_columns.py` compares both with stored rows."""

    def __init__(self, name: str, row: Callable[[T], tuple[object, ...]], **types: str) -> None:
        self.name, self.types = name, types
        self._row = row

    @property
    def names(self) -> str:
        """The names of the columns as an SQL list."""
        return ", ".join(self.types)

    def unnest(self, alias: str, numbers: Iterator[int]) -> str:
        """Returns the SQL of the rows as an item of FROM. The argument takes the next number from `numbers`."""
        return f"unnest(${next(numbers)}::{self.name}[]) {alias}({self.names})"

    def rows(self, objects: Iterable[T]) -> list[tuple[object, ...]]:
        """Returns the argument of the statement: one row for each object."""
        return [*map(self._row, objects)]
