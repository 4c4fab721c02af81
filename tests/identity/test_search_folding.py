"""Search finds a name however it is spelled, on both sides, and by its index."""

import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.sessions import Database
from pocketpay.identity.repository import profiles as repository
from pocketpay.text.characters import category, nfc, nfkc, nfkd
from pocketpay.transactions import history
from pocketpay.transactions.filter import Filter
from tests.identity.test_profiles import found, join
from tests.plans import INDEXED, explained, scans
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
        ("❤\ufe0f Ada", "❤ ada"),
    ],
)
async def test_both_spellings_find_the_same_person(
    owner: "Connection[Record]", database: Database, stored: str, typed: str
) -> None:
    await join(owner, "somebody", stored)
    assert await found(database, typed) == ["somebody"]


async def test_usernames_are_found_in_any_width_and_case(owner: "Connection[Record]", database: Database) -> None:
    await join(owner, "strauss_99", "Zoe")
    for typed in ("ＳＴＲＡ", "＠strau", "Strauß", "\u2068@strauss\u2069"):
        assert await found(database, typed) == ["strauss_99"]


@pytest.mark.parametrize("typed", ["\u200b", "\ufe0f", "\u034f", "\u0301", "@\u200d", "\u3164", "\u2800"])
async def test_a_text_that_shows_nothing_finds_nobody(
    owner: "Connection[Record]", database: Database, typed: str
) -> None:
    await join(owner, "ada", "Ada")
    assert await found(database, typed) == []


async def test_name_that_unfolds_to_eighteen_times_its_length_is_kept_and_found(
    owner: "Connection[Record]", database: Database
) -> None:
    await join(owner, "ada", "\ufdfa" * 100)
    assert await found(database, "\ufdfa") == ["ada"]


OLD_SERVERS = """
select username from users
where lower(name) ~>=~ lower($1) and lower(name) ~<~ (lower($1) || chr(1114111)) and closed_at is null
order by lower(name) using ~<~ limit $2
"""


async def test_server_of_the_version_before_still_has_its_index(owner: "Connection[Record]") -> None:
    await join(owner, "eve", COMPOSED)
    plan = await explained(owner, OLD_SERVERS, "text, int", "év", 10)
    assert [scan["Index Name"] for scan in scans(plan, "users")] == ["ix_users_name_prefix"]


async def test_search_among_many_reads_only_what_it_gives(owner: "Connection[Record]") -> None:
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
        "select gen_random_uuid(), 'person_' || row_number() over (), 'Éva ' || row_number() over (), 'none', "
        "'member', id, clock_timestamp(), clock_timestamp() from wallets"
    )
    await owner.execute("analyze users")
    plan = await explained(owner, repository._SEARCH, "text, text, int", "none", "E\u0301VA 17", 10)
    read = {scan["Index Name"]: scan for scan in scans(plan, "users")}
    assert {scan["Node Type"] for scan in read.values()} <= INDEXED
    assert read["ix_users_name_key"]["Actual Rows"] == 10


async def test_every_letter_has_one_key_in_every_case_and_normal_form(owner: "Connection[Record]") -> None:
    async def keys(texts: list[str]) -> list[str]:
        return [row[0] for row in await owner.fetch("select search_key(x) from unnest($1::text[]) x", texts)]

    known = "select x from unnest($1::text[]) x where unicode_assigned(x)"
    ours = [chr(code) for code in range(1, 0x30000) if category(chr(code))[0] in "LN"]
    letters = [row[0] for row in await owner.fetch(known, ours)]
    assert len(letters) > 100_000
    expected = await keys(letters)
    for spelled in (nfc, nfkc, nfkd):
        assert await keys([spelled(letter) for letter in letters]) == expected
    cased = [letter for letter in letters if letter.upper() != letter.lower()]
    lower, upper = await keys([letter.lower() for letter in cased]), await keys([one.upper() for one in cased])
    assert lower == upper == await keys(cased)


@pytest.mark.parametrize("typed", ["CAFE\u0301", "café", "ＣＡＦÉ", "strasse", "STRAẞE", "i\u0307zmir", "izmir"])
async def test_transactions_are_found_by_their_description_in_any_spelling(
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
