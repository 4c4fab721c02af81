"""Search for people by name."""

import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.sessions import Database
from pocketpay.identity import profiles
from pocketpay.identity.names import WORDS_FOUND
from pocketpay.identity.profile import Profile
from pocketpay.identity.repository import profiles as repository


async def join(owner: "Connection[Record]", username: str, name: str, *, closed: bool = False) -> Profile:
    """Inserts a user with that username and name, and with an email address and a phone number unless closed."""
    wallet, user = uuids.uuid7(), uuids.uuid7()
    contact = (None, None) if closed else (f"{username}@example.org", f"+1{user.int % 10**10:010}")
    await owner.execute(
        "insert into ledger_accounts values ($1, 'wallet', 'USD', 0, 0, 0, 0, clock_timestamp())", wallet
    )
    await owner.execute(
        "insert into wallets values "
        "($1, 'wallet', 'USD', 'active', null, null, clock_timestamp(), clock_timestamp())",
        wallet,
    )
    await owner.execute(
        "insert into users (id, username, name, email, phone, password_hash, role, wallet_id, created_at, "
        "updated_at, closed_at) values ($1, $2, $3, $4, $5, 'none', 'member', $6, clock_timestamp(), "
        "clock_timestamp(), case when $7 then clock_timestamp() end)",
        *(user, username, name, *contact, wallet, closed),
    )
    return Profile(user, wallet, username, name, None, closed)


async def found(database: Database, text: str, most: int = 10) -> list[str]:
    async with database.read() as session:
        return [profile.username for profile in await profiles.search(session, text, limit=most)]


async def test_search_finds_beginnings_of_usernames_and_names_in_upper_or_lower_case(
    owner: "Connection[Record]", database: Database
) -> None:
    await join(owner, "ana", "Ana Lima")
    await join(owner, "bob", "Anatole Bobson")
    await join(owner, "eve", "Éva Nagy")
    assert await found(database, "AN") == ["ana", "bob"]
    assert await found(database, "ana l") == ["ana"]
    assert await found(database, "éVA") == ["eve"]
    assert await found(database, " bo ") == ["bob"]


async def test_search_with_an_at_sign_finds_usernames_only(owner: "Connection[Record]", database: Database) -> None:
    await join(owner, "ana", "Zoe")
    await join(owner, "zoe", "Ana")
    assert await found(database, "@ana") == ["ana"]


async def test_search_finds_people_by_the_beginning_of_any_word_of_their_name(
    owner: "Connection[Record]", database: Database
) -> None:
    await join(owner, "ana", "Ana Maria de Souza-Lima")
    for text in ("ana", "MAR", "de souza", "Souza", "souza lima", "souza-l", "lima", " Lima "):
        assert await found(database, text) == ["ana"], text
    for text in ("aria", "ouza", "ana souza", "lima souza", "maria de souzas", "-", "- -", "_", "' "):
        assert await found(database, text) == [], text


async def test_usernames_come_first_then_first_words_then_later_ones(
    owner: "Connection[Record]", database: Database
) -> None:
    await join(owner, "bob", "Zoe Ana Lima")
    await join(owner, "cid", "Lima Souza")
    await join(owner, "dan", "Zoe Lima")
    await join(owner, "lima_9", "Zoe")
    await join(owner, "lima_1", "Lima Lima")
    assert await found(database, "lima") == ["lima_1", "lima_9", "cid", "dan", "bob"]
    assert await found(database, "lima", most=3) == ["lima_1", "lima_9", "cid"]


async def test_words_after_the_fifth_are_found_only_with_the_words_before_them(
    owner: "Connection[Record]", database: Database
) -> None:
    await join(owner, "six", "One Two Three Four Five Six")
    assert await found(database, "five six") == ["six"]
    assert await found(database, "six") == ["six"]  # the username
    assert await found(database, "six ") == ["six"]
    await join(owner, "many", "One Two Three Four Five Six")
    assert await found(database, "six") == ["six"]


async def test_search_finds_nobody_by_email_phone_or_the_middle_of_a_word(
    owner: "Connection[Record]", database: Database
) -> None:
    ana = await join(owner, "ana", "Zoe Lima")
    for text in ("ana@example.org", "@example", "+1", f"+1{ana.user_id.int % 10**10:010}", "ima", "na"):
        assert await found(database, text) == []


async def test_search_treats_wildcards_as_ordinary_characters(
    owner: "Connection[Record]", database: Database
) -> None:
    await join(owner, "a_b", "100% Real")
    await join(owner, "axb", "1000 Reals")
    assert await found(database, "a_") == ["a_b"]
    assert await found(database, "100%") == ["a_b"]
    assert await found(database, "%") == []
    assert await found(database, "\\") == []


async def test_search_does_not_find_closed_users(owner: "Connection[Record]", database: Database) -> None:
    gone = await join(owner, "ana", "Ana", closed=True)
    assert await found(database, "ana") == []
    async with database.read() as session:
        assert await profiles.by_username(session, "ana") is None
        assert await repository.by_ids(session, [gone.user_id]) == {}
        assert await repository.by_wallets(session, [gone.wallet_id]) == {gone.wallet_id: gone}


async def test_search_returns_at_most_the_requested_number_and_each_person_once(
    owner: "Connection[Record]", database: Database
) -> None:
    for n in range(6):
        await join(owner, f"ana{n}", f"Ana {n}")
    assert await found(database, "ana", most=4) == ["ana0", "ana1", "ana2", "ana3"]
    assert len(await found(database, "ana", most=20)) == 6


async def test_search_with_an_empty_or_too_long_text_finds_nobody(
    owner: "Connection[Record]", database: Database
) -> None:
    await join(owner, "ana", "Ana")
    for text in ("", "   ", "@", "\0", "ana\0", "\ud800", "a" * 5_000):
        assert await found(database, text) == []


async def test_a_person_is_found_by_any_spelling_of_the_username(
    owner: "Connection[Record]", database: Database
) -> None:
    ana = await join(owner, "ana", "Ana")
    async with database.read() as session:
        for typed in ("ana", "@ana", " @ANA ", "ａｎａ"):
            assert await profiles.by_username(session, typed) == ana
        for typed in ("", "@", "nobody", "an", "ana ana", "ana\0"):
            assert await profiles.by_username(session, typed) is None


async def test_search_uses_its_indexes_for_any_text(owner: "Connection[Record]") -> None:
    await owner.execute("set plan_cache_mode = force_generic_plan")
    await owner.execute(f"prepare asked (text, text, int) as {repository._SEARCH}")
    plan = "\n".join(row[0] for row in await owner.fetch("explain execute asked ('a', 'a', 10)"))
    assert "Index Scan using ix_users_username_prefix" in plan
    for place in WORDS_FOUND:
        assert f"Index Scan using ix_users_name_word_{place}" in plan
    assert "Seq Scan" not in plan
