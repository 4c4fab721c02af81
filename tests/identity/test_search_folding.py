"""Search finds a name in any spelling, of the stored name and of the search text, and uses its index."""

import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.sessions import Database
from pocketpay.identity.repository import profiles as repository
from pocketpay.text.characters import category, nfc, nfkc, nfkd
from pocketpay.transactions import history
from pocketpay.transactions.filter import Filter
from tests.identity.test_profiles import found, join
from tests.plans import INDEXED, explained, rows_read, scans
from tests.transactions.past import NOON, people

COMPOSED, DECOMPOSED = "Éva Nagy", "E\u0301va Nagy"


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        (COMPOSED, "e\u0301v"),
        (DECOMPOSED, "éV"),
        ("Josef Weiß", "josef weiss"),
        ("Josef Weiss", "josef weiß"),
        ("JOSEF WEIẞ", "josef weiss"),
        ("İlker", "ilker"),
        ("İlker", "İLKER"),
        ("Ilker", "ılker"),
        ("ilker", "İlker"),
        ("Ａｄａ", "ada"),
        ("Ada", "ＡＤＡ"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("김민수", "\u1100\u1175\u11b7민"),
        ("ﬁona", "FIONA"),
        ("می\u200cخواهم", "میخواهم"),
        ("محمد\u200f", "محمد"),
        ("Ada\u00a0Lima", "ada lima"),
        ("Éva Nagy", "eva"),
        ("Eva Nagy", "ÉVA"),
        ("José Núñez", "nunez"),
        ("Jürgen Müller", "mull"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Søren Kjær", "kjaer"),
        ("Đorđe", "dorde"),
        ("Nguyễn Thị Minh", "thi"),
        ("Þór", "thor"),
        ("Αντώνης", "αντωνης"),
        ("Пётр", "петр"),
        ("山田\u3000太郎", "太郎"),
        ("ジョン・レノン", "レノン"),
        ("Seán O\u2019Brien", "brien"),
        ("Zoë (Ann) St. John", "john"),
        ("❤\ufe0f Ada", "❤ ada"),
    ],
)
async def test_a_search_in_another_spelling_finds_the_stored_name(
    owner: "Connection[Record]", database: Database, stored: str, typed: str
) -> None:
    await join(owner, "somebody", stored)
    assert await found(database, typed) == ["somebody"]


async def test_usernames_are_found_in_any_width_and_case(owner: "Connection[Record]", database: Database) -> None:
    await join(owner, "strauss_99", "Zoe")
    for typed in ("ＳＴＲＡ", "＠strau", "Strauß", "\u2068@strauss\u2069"):
        assert await found(database, typed) == ["strauss_99"]


@pytest.mark.parametrize(("stored", "typed"), [("がん", "かん"), ("कि", "क"), ("محمد", "مُح"), ("김", "기")])
async def test_marks_that_change_a_letter_are_not_removed(
    owner: "Connection[Record]", database: Database, stored: str, typed: str
) -> None:
    await join(owner, "somebody", f"{typed}x")
    assert await found(database, stored) == []


@pytest.mark.parametrize("typed", ["\u200b", "\ufe0f", "\u034f", "\u0301", "@\u200d", "\u3164", "\u2800"])
async def test_a_search_of_invisible_characters_finds_nobody(
    owner: "Connection[Record]", database: Database, typed: str
) -> None:
    await join(owner, "ada", "Ada")
    assert await found(database, typed) == []


async def test_a_name_whose_search_key_is_eighteen_times_as_long_is_stored_and_found(
    owner: "Connection[Record]", database: Database
) -> None:
    await join(owner, "ada", "\ufdfa" * 100)
    assert await found(database, "\ufdfa") == ["ada"]


def query_of_earlier_servers(key: str) -> str:
    """Returns the search query of an earlier version of the server."""
    return f"""
select username from users
where {key}(name) ~>=~ {key}($1) and {key}(name) ~<~ ({key}($1) || chr(1114111)) and closed_at is null
order by {key}(name) using ~<~ limit $2
"""


@pytest.mark.parametrize(("key", "index"), [("lower", "ix_users_name_prefix"), ("name_key", "ix_users_name_key")])
async def test_earlier_servers_still_have_their_index(owner: "Connection[Record]", key: str, index: str) -> None:
    await join(owner, "eve", COMPOSED)
    plan = await explained(owner, query_of_earlier_servers(key), "text, int", "év", 10)
    assert [scan["Index Name"] for scan in scans(plan, "users")] == [index]


async def test_a_search_among_many_users_reads_only_the_rows_it_returns(owner: "Connection[Record]") -> None:
    await owner.execute(
        "insert into ledger_accounts select gen_random_uuid(), 'wallet', 'USD', 0, 0, 0, 0, clock_timestamp() "
        "from generate_series(1, 3000)"
    )
    await owner.execute(
        "insert into wallets select id, 'wallet', 'USD', 'active', null, null, clock_timestamp(), clock_timestamp() "
        "from ledger_accounts where kind = 'wallet'"
    )
    await owner.execute(
        "insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at) "
        "select gen_random_uuid(), 'person_' || row_number() over (), 'Nagy Éva ' || row_number() over (), 'none', "
        "'member', id, clock_timestamp(), clock_timestamp() from wallets"
    )
    # Closed users with the same name are in no index, so the search never reads them.
    await owner.execute(
        "update users set name = 'Eva Nagy', closed_at = clock_timestamp() "
        "where wallet_id < '80000000-0000-4000-8000-000000000000'"
    )
    await owner.execute("analyze users")
    for typed, place in (("na", 1), ("E\u0301VA", 2), ("eva 17", 2), ("1", 3)):
        plan = await explained(owner, repository._SEARCH, "text, text, int", "none", typed, 10)
        read = {scan["Index Name"]: scan for scan in scans(plan, "users")}
        assert len(read) == 6, typed
        assert {scan["Node Type"] for scan in read.values()} <= INDEXED, typed
        assert read[f"ix_users_name_word_{place}"]["Actual Rows"] == 10, typed
        assert rows_read(read.values()) == 10, typed


async def test_every_letter_has_the_same_key_in_every_case_and_normal_form(owner: "Connection[Record]") -> None:
    known = "select x from unnest($1::text[]) x where unicode_assigned(x)"
    ours = [chr(code) for code in range(1, 0x30000) if category(chr(code))[0] in "LN"]
    letters = [row[0] for row in await owner.fetch(known, ours)]
    assert len(letters) > 100_000
    spellings = [(one, spelled) for one in letters for spelled in {nfc(one), nfkc(one), nfkd(one)} - {one}]
    assert len(spellings) > 10_000
    cased = [one for one in letters if one.upper() != one.lower()]
    spellings += [(one, spelled) for one in cased for spelled in (one.lower(), one.upper())]
    for function in ("search_key", "plain_key"):
        differ = (
            f"select one, spelled from unnest($1::text[], $2::text[]) as x (one, spelled) "
            f"where {function}(one) <> {function}(spelled) or {function}(one) is null"
        )
        assert await owner.fetch(differ, *zip(*spellings, strict=True)) == [], function


@pytest.mark.parametrize("typed", ["CAFE\u0301", "café", "ＣＡＦÉ", "strasse", "STRAẞE", "i\u0307zmir", "izmir"])
async def test_transactions_are_found_by_any_spelling_of_their_description(
    owner: "Connection[Record]", database: Database, typed: str
) -> None:
    mine, other = await people(owner, "ada", "bob")
    await owner.execute(
        "insert into transactions (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee, "
        "description, risk_reasons, version, created_at, updated_at, completed_at) "
        "select $1, 'send', 'completed', 'USD', $2, $3, 100, 0, $4, '[]', 1, $5, $5, $5",
        *(uuids.uuid7(), mine, other, "Lunch: Café, Straße, İzmir", NOON),
    )
    async with database.read() as session:
        assert await history.count(session, mine, Filter(search=typed)) == 1
        assert await history.count(session, mine, Filter(search=f"{typed}x")) == 0
