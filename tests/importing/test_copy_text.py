"""The parser of COPY's text format, tested with the manual's rules and with text that PostgreSQL wrote."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.importing.copy_text import fields
from pocketpay.importing.lines import UnreadableLine
from tests.importing.exports import copied
from tests.people import Owner

VALUES = st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=6)
PLAIN = st.text(st.sampled_from("\\\t\n\r\b\f\vNx0189.ab é\U0001f600"))


@given(VALUES | st.lists(st.none() | PLAIN, min_size=1, max_size=6))
def test_values_in_copy_format_are_read_back(values: list[str | None]) -> None:
    line = "\t".join(copied(value) for value in values)
    assert "\n" not in line
    assert fields(line.encode()) == values


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_refused_with_an_error(line: bytes) -> None:
    with suppress(UnreadableLine):
        assert len(fields(line)) >= 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"", [""]),
        (b"\\N", [None]),
        (b"\\\\N", ["\\N"]),
        (b"a\\N", ["aN"]),
        (b"\\N\t\\N", [None, None]),
        (b"\t", ["", ""]),
        (b"a\\\tb\tc", ["a\tb", "c"]),
        (b"a\\\\\tb", ["a\\", "b"]),
        (b"\\101\\x42\\x4", ["AB\x04"]),
        (b"\\303\\251", ["é"]),
        (b"\\xc3\\xA9", ["é"]),
        (b"\\q\\.", ["q."]),
        (b"end\\", ["end\\"]),
    ],
)
def test_escapes_are_parsed_as_in_the_manual(written: bytes, meant: list[str | None]) -> None:
    assert fields(written) == meant


@pytest.mark.parametrize("written", [b"a\0b", b"\\0", b"\\x00", b"\xff", b"a\t\\377"])
def test_bytes_that_are_not_text_are_refused(written: bytes) -> None:
    with pytest.raises(UnreadableLine):
        fields(written)


async def test_the_copy_output_of_postgresql_is_parsed(owner: Owner) -> None:
    values = ["", "\\", "\\N", "\\.", "a\tb\nc\rd\be\ff\vg", "é\U0001f600", "'\"$$;--", " \\x41\\101 ", None]
    written = io.BytesIO()
    await owner.copy_from_query("select t, n from unnest($1::text[]) with ordinality u(t, n)", values, output=written)
    lines = written.getvalue().removesuffix(b"\n").split(b"\n")
    assert [fields(line) for line in lines] == [[value, str(n)] for n, value in enumerate(values, 1)]
