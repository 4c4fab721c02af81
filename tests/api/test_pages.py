"""Pages of a list: their arguments, and the positions that cursors stand for."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.pages import BY_MOMENT, BY_SEQUENCE, Listing, connection, requested_page

OWNER = uuid4()
NUMBERS = Listing("numbers", OWNER, BY_SEQUENCE)
MOMENTS = Listing("moments", OWNER, BY_MOMENT)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_decodes_to_the_position_it_was_made_from(moment: datetime, id: UUID) -> None:
    assert MOMENTS.place(MOMENTS.cursor((moment, id))) == (moment, id)


def test_a_cursor_of_another_list_or_another_wallet_is_refused() -> None:
    cursor = NUMBERS.cursor(7)
    for stranger in (Listing("numbers", uuid4(), BY_SEQUENCE), Listing("others", OWNER, BY_SEQUENCE), MOMENTS):
        with pytest.raises(BadUserInput):
            stranger.place(cursor)


@given(st.text(max_size=80))
def test_a_text_that_is_not_a_cursor_is_refused(text: str) -> None:
    for listing in (NUMBERS, MOMENTS):
        with pytest.raises(BadUserInput):
            listing.place(text)


@pytest.mark.parametrize(("first", "last"), [(1, 1), (101, None), (-1, None), (None, 101), (None, -1)])
def test_conflicting_page_arguments_are_refused(first: int | None, last: int | None) -> None:
    with pytest.raises(BadUserInput):
        requested_page(NUMBERS, first, None, last, None)


@given(
    st.integers(0, 30),
    st.integers(0, 12),
    st.booleans(),
    st.none() | st.integers(0, 31),
    st.none() | st.integers(0, 31),
)
def test_a_page_is_the_requested_slice(
    count: int, size: int, backward: bool, after: int | None, before: int | None
) -> None:
    within = [n for n in range(count) if (after is None or n > after) and (before is None or n < before)]
    expected = (within[-size:] if size else []) if backward else within[:size]

    page = requested_page(
        NUMBERS,
        None if backward else size,
        None if after is None else NUMBERS.cursor(after),
        size if backward else None,
        None if before is None else NUMBERS.cursor(before),
    )
    read = (within[::-1] if backward else within)[: page.fetch]

    async def nobody_counts() -> int | None:
        return None

    result = connection(NUMBERS, page, read, place=lambda n: n, node=str, counted=nobody_counts)
    assert result.nodes == [str(n) for n in expected]
    assert [NUMBERS.place(edge.cursor) for edge in result.edges] == expected
    more = len(within) > size
    assert (result.page_info.has_previous_page if backward else result.page_info.has_next_page) == more
