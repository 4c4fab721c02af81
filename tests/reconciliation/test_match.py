"""The matching of lines with the books, compared with a model that looks at one reference at a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from pocketpay.money import Money
from pocketpay.reconciliation.bank_file import BankLine
from pocketpay.reconciliation.match import DifferenceKind, NewDifference, match

IDS = [UUID(int=n) for n in range(4)]
amounts = st.sampled_from((-2, -1, 1, 2))
references = st.none() | st.sampled_from(IDS)


def _line(number: int, amount: int, id: UUID | None) -> BankLine:
    return BankLine(number, number, date(2026, 11, 27), Money(amount, "USD"), None if id is None else str(id), id)


lines = st.lists(st.tuples(amounts, references), max_size=8).map(
    lambda rows: [_line(number, *row) for number, row in enumerate(rows, 1)]
)
books = st.dictionaries(st.sampled_from(IDS), amounts)


def _model(lines: Sequence[BankLine], booked: dict[UUID, int], earlier: set[UUID]) -> dict[int, DifferenceKind]:
    """The kind of difference of each line that differs, by its number."""
    found = {one.number: DifferenceKind.NOT_IN_BOOKS for one in lines if one.transaction_id not in booked}
    for id, amount in booked.items():
        own = [one for one in lines if one.transaction_id == id]
        for one in own if id in earlier else own[1:]:
            found[one.number] = DifferenceKind.REPEATED
        if own and id not in earlier and own[0].amount.minor != amount:
            found[own[0].number] = DifferenceKind.AMOUNT_DIFFERS
    return found


@given(lines, books, st.sets(st.sampled_from(IDS)))
def test_each_line_is_matched_or_differs_as_the_model_says(
    lines: list[BankLine], booked: dict[UUID, int], earlier: set[UUID]
) -> None:
    result = match(lines, booked, earlier)
    expected = _model(lines, booked, earlier)
    assert {one.line: one.kind for one in result.differences} == expected
    assert len(result.differences) == len(expected)
    assert result.matched == len(lines) - len(expected)
    assert result.first == {one.transaction_id for one in lines} & booked.keys() - earlier
    for one in result.differences:
        line = next(line for line in lines if line.number == one.line)
        in_books = None if line.transaction_id is None else booked.get(line.transaction_id)
        assert one == NewDifference(one.kind, line.number, line.transaction_id, line.amount.minor, in_books)


@given(lines, books, st.integers(0, 8))
def test_a_file_in_two_parts_gives_the_same_differences(
    lines: list[BankLine], booked: dict[UUID, int], cut: int
) -> None:
    whole = match(lines, booked, set())
    one, two = lines[:cut], [replace(line) for line in lines[cut:]]
    first = match(one, booked, set())
    second = match(two, booked, {line.transaction_id for line in one if line.transaction_id is not None})
    assert first.differences + second.differences == whole.differences
    assert first.matched + second.matched == whole.matched
