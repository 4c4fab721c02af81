"""Many rows as the arguments of one statement."""

import pytest

from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Database

PEOPLE = Arrays(name="text", age="int")


def test_the_arrays_of_one_statement_use_consecutive_parameter_numbers() -> None:
    numbers = numbered_from(2)
    assert PEOPLE.unnest("p", numbers) == "unnest($2::text[], $3::int[]) p(name, age)"
    assert PEOPLE.unnest("q", numbers) == "unnest($4::text[], $5::int[]) q(name, age)"
    assert next(numbers) == 6


async def test_each_array_is_stored_in_its_column_in_any_order(database: Database) -> None:
    arrays = PEOPLE.arguments(age=[36, None], name=["Ada", "Bob"])
    async with database.read() as session:
        rows = await session.fetch(f"select age, name from {PEOPLE.unnest('p', numbered_from(1))}", *arrays)
    assert [dict(row) for row in rows] == [{"name": "Ada", "age": 36}, {"name": "Bob", "age": None}]


@pytest.mark.parametrize("names", [["name"], ["name", "height"], ["name", "age", "height"]])
def test_arrays_for_missing_or_unknown_columns_are_an_error(names: list[str]) -> None:
    with pytest.raises((KeyError, TypeError)):
        PEOPLE.arguments(**{name: [] for name in names})


def test_a_selection_of_columns_keeps_their_types() -> None:
    assert PEOPLE.only("age", "name").unnest("p", numbered_from(1)) == "unnest($1::int[], $2::text[]) p(age, name)"
