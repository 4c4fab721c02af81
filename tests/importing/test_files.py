"""Export files of any content: each is read, or refused with an error that names the place and the correction."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.importing.export import parts
from pocketpay.importing.lines import MAX_BYTES
from pocketpay.importing.row import ExportUnreadable, Row, Table, UnreadableRow
from pocketpay.importing.statements import Statements
from tests.importing.exports import block, csv_text, id_of, person

HEAD = b"id,encrypted_password,username\n"
USERS = block("auth.users", ["id", "email"], [[id_of(1), "ada@example.com"]])


def rows(folder: Path, content: bytes, name: str = "people.csv") -> Sequence[Row | UnreadableRow]:
    (folder / name).write_bytes(content)
    (part,) = parts([folder / name])
    read: list[int] = []
    found = list(part.rows(read.append))
    assert sum(read) == len(content)
    return found


def lines_of(found: Sequence[Row | UnreadableRow]) -> list[tuple[int, str]]:
    return [(row.line, row.problem if isinstance(row, UnreadableRow) else row.fields[4] or "") for row in found]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"1,x,a\0b", "has a NUL character"),
        (b"1,x,\xe9ric", "is not UTF-8 text"),
        (b"1,x," + b"a" * MAX_BYTES, "is longer than 1,048,576 bytes"),
        (b"1,x," + b"a" * 70_000, "has a quote that is not closed, or one in the middle of a value"),
        (b"1,x", "has 2 columns where the first line has 3"),
        (b"," * 400_000, "has 400,001 columns where the first line has 3"),
        (b"," * 2_000_000, "is longer than 1,048,576 bytes"),
        (b'1,x,"a"b', "has a quote that is not closed, or one in the middle of a value"),
    ],
)
def test_an_invalid_line_is_reported_and_the_next_one_is_read(tmp_path: Path, line: bytes, problem: str) -> None:
    found = rows(tmp_path, HEAD + b"1,x,before\r\n" + line + b"\n1,x,after\n")
    assert lines_of(found) == [(2, "before"), (3, problem), (4, "after")]


def test_null_in_a_csv_file_is_an_empty_value_and_a_line_of_commas_is_skipped(tmp_path: Path) -> None:
    lines = b'1,NULL,null\n2,x,Null\n,,\n3,"NULL",nullable\n,,,,,\n\n'
    found = rows(tmp_path, HEAD + lines)
    users = [(row.line, row.fields[0], *row.fields[3:5]) for row in found if isinstance(row, Row)]
    assert users == [(2, "1", None, None), (3, "2", "x", "Null"), (5, "3", None, "nullable")]
    assert len(found) == 3


def test_null_in_a_dump_is_an_ordinary_text(tmp_path: Path) -> None:
    dump = block("auth.users", ["id", "email"], [[id_of(1), "NULL"]])
    (row,) = rows(tmp_path, b"--\n" + dump.encode(), "dump.sql")
    assert isinstance(row, Row)
    assert row.fields[1] == "NULL"


@pytest.mark.parametrize("column", ["balance", "balance_cents"])
def test_a_wallets_file_is_recognised_by_either_balance_column(tmp_path: Path, column: str) -> None:
    (row,) = rows(tmp_path, f"id,user_id,{column}\nw1,{id_of(1)},5\n".encode())
    assert isinstance(row, Row)
    assert row.table is Table.WALLETS


def test_an_unclosed_quote_is_reported_with_the_lines_it_contains(tmp_path: Path) -> None:
    swallowed = b"1,x,somebody\n" * 8_000
    found = rows(tmp_path, HEAD + b'1,x,"open\n' + swallowed)
    first = found[0]
    assert isinstance(first, UnreadableRow)
    assert first.line == 2
    assert first.problem.endswith(f"lines 2 to {first.last_line:,} were not read")
    assert len(found) == 1 + 8_001 - (first.last_line - 1)


def test_quoted_fields_may_contain_newlines_commas_and_quotes(tmp_path: Path) -> None:
    found = rows(tmp_path, b'\xef\xbb\xbf"id",Encrypted_Password , USERNAME\n1,x,"a ""b"",\nc"\n\n1,x,d')
    assert lines_of(found) == [(2, 'a "b",\nc'), (5, "d")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"PGDMP\x01\x0e", "own format: make it plain with `pg_restore --file=dump.sql people.csv`"),
        (b"\x1f\x8b\x08", "is compressed"),
        (b"PK\x03\x04", "spreadsheet"),
        (b"\xff\xfei\0d\0", "is UTF-16"),
        (b"id;encrypted_password;username\n", "separated by ';'"),
        (b"name,colour\n", "are not the columns of auth.users"),
        (b"encrypted_password,username\n", "no column id: auth.users needs one"),
        (b"id,id,encrypted_password\n", "the column 'id' appears twice"),
        (b"id,encrypted_password," + b"a," * 400_000, "columns are more than the limit of 400"),
        (b"x" * 3_000_000, "is longer than 1,048,576 bytes"),
        (b"\0\0\0", "has a NUL character"),
        (b"-- nothing here\n", "has no rows of auth.users"),
        (b"-- a\n" + block("auth.users", ["id"], []).encode()[:-4], "ends in the middle of auth.users"),
        (b"COPY public.x (id) FROM stdin;\n1\n", "ends in the middle of a table"),
        (b"-- a\nSET client_encoding = 'LATIN1';\n", "dump again with --encoding=UTF8"),
        (b'-- a\nINSERT INTO "auth"."users" (id) VALUES\n', "made with INSERTs"),
        (b"-- \xff\n", "outside of every table's data, a line is not UTF-8 text"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    began = perf_counter()
    with pytest.raises(ExportUnreadable, match=r"^people\.csv.*\.$") as refused:
        rows(tmp_path, content)
    assert sentence in str(refused.value)
    assert perf_counter() - began < 2


def test_a_folder_without_files_or_with_too_many_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportUnreadable, match=r"no \.csv or \.sql"):
        parts([tmp_path])
    for number in range(17):
        (tmp_path / f"{number:02}.csv").write_text("id,username\n")
    with pytest.raises(ExportUnreadable, match="more than the limit of 16"):
        parts([tmp_path])
    with pytest.raises(ExportUnreadable, match="cannot be read"):
        parts([tmp_path / "nobody.csv"])


@pytest.mark.parametrize(
    "disguise",
    [
        "create function f() returns text language sql as $$\n{}$$;\n",
        "create function f() returns text language sql as $body$ $$\n{}$body$;\n",
        "comment on table x is 'it''s\n{}';\n",
        "comment on table x is E'it\\'s\n{}';\n",
        'create table "a\n{}" (id int);\n',
        "/* a /* nested\n{}*/ still\n{}*/\n",
        "select 1, -- not 'over\n{};\n",
        "select a$b$c,\n{};\n",
        "COPY public.notes (body) FROM stdin;\n{}",
    ],
)
def test_text_that_only_looks_like_table_data_is_ignored(tmp_path: Path, disguise: str) -> None:
    fake = block("auth.users", ["id", "email"], [[id_of(666), "mallory@example.com"]]).removesuffix("\n")
    hidden = disguise.replace("{}", fake.replace("\n\\.", "" if "notes" in disguise else "\n\\."))
    if "notes" in disguise:
        hidden += "\\.\n"
    found = rows(tmp_path, b"--\n" + (hidden + "\n" + USERS).encode(), "dump.sql")
    assert [row.fields[1] for row in found if isinstance(row, Row)] == ["ada@example.com"]


def test_an_invalid_line_of_a_dump_is_reported_and_the_next_one_is_read(tmp_path: Path) -> None:
    data = USERS.replace("\n\\.", f"\n{id_of(2)}\tb\tc\n{id_of(3)}\t\\000\n{'x' * 1_100_000}\n{id_of(4)}\td\n\\.")
    found = rows(tmp_path, b"--\n" + data.encode(), "dump.sql")
    assert [(row.line, row.problem) for row in found if isinstance(row, UnreadableRow)] == [
        (4, "has 3 columns where the table has 2"),
        (5, "has a NUL character"),
        (6, "is longer than 1,048,576 bytes"),
    ]
    assert [row.line for row in found if isinstance(row, Row)] == [3, 7]


@given(st.text(st.sampled_from("ab'\"$-/*;\\E \n"), max_size=80))
def test_parsing_any_statements_terminates(text: str) -> None:
    statements = Statements()
    for line in text.split("\n"):
        statements.follow(line)


@given(st.binary(max_size=300))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for start in (b"", HEAD, b"--\n", b"COPY auth.users (id) FROM stdin;\n"):
        with suppress(ExportUnreadable):
            rows(folder, start + content)


def test_the_exports_of_these_tests_are_read(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, csv_text([person(1)]).encode())
    assert isinstance(row, Row)
    assert row.fields[:2] == (id_of(1), "person1@example.com")
