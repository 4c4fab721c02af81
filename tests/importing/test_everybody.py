"""The import accepts users without a password or a confirmed address, and users with other password hashes."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from pocketpay.database.sessions import Database
from pocketpay.identity.errors import InvalidCredentials
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.identity.sign_in import sign_in
from pocketpay.importing.person import FIRST_PASSWORD, NO_EMAIL, NOT_CONFIRMED
from tests.conftest import Dsns
from tests.importing.exports import block, csv_file, id_of, imported, person
from tests.people import HOME, PASSWORD, Owner, arrive, facts, has_verified_email, receiving

ADDRESSES = "select username, email, email_verified_at is not null from users order by username"


def argon2(passes: int, password: str = PASSWORD) -> str:
    return PasswordHasher(time_cost=passes, memory_cost=64, parallelism=2).hash(password)


async def rows(owner: Owner, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await owner.fetch(sql)]


async def test_a_person_with_only_a_phone_is_imported_and_signs_in_with_it(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, person(1, email="", phone="12025550123"))
    assert (await imported(database_dsn, file))[0] == 0
    assert await facts(owner, "select email, phone, email_verified_at from users") == (None, "+12025550123", None)
    async with receiving(database) as services:
        admission = await sign_in(services, "+1 202 555 0123", PASSWORD, address=HOME, user_agent=None)
    assert admission.user.username == "person_1"


async def test_people_without_a_password_are_imported_and_no_password_signs_in(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    firebase = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=c2lnbmVy$c2FsdA==$aGFzaA=="
    people = (
        person(1, encrypted_password=""),
        person(2, encrypted_password="", email_confirmed_at=""),
        person(3, encrypted_password=firebase),
        person(4, email="", phone="12025550123", encrypted_password=""),
    )
    code, told = await imported(database_dsn, csv_file(tmp_path, *people))
    assert code == 0
    assert told[:4] == [
        f"people.csv:2: note: encrypted_password: is empty: {FIRST_PASSWORD}",
        f"people.csv:3: note: encrypted_password: is empty: {NOT_CONFIRMED}",
        "people.csv:4: note: encrypted_password: is a Firebase scrypt hash, which cannot be compared here: "
        + FIRST_PASSWORD,
        f"people.csv:5: note: encrypted_password: is empty: {NO_EMAIL}",
    ]
    assert await rows(owner, "select distinct password_hash from users") == [(NO_PASSWORD,)]
    async with receiving(database) as services:
        for number in range(1, 5):
            for guess in (NO_PASSWORD, "", firebase):
                with pytest.raises(InvalidCredentials):
                    await sign_in(services, f"person_{number}", guess, address=HOME, user_agent=None)


async def test_an_unconfirmed_address_is_stored_as_unverified_and_counted(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    code, told = await imported(database_dsn, csv_file(tmp_path, person(1), person(2, email_confirmed_at="")))
    assert (code, told[2]) == (0, "  1 email address is not confirmed: stored as not verified")
    assert await rows(owner, ADDRESSES) == [
        ("person_1", "person1@example.com", True),
        ("person_2", "person2@example.com", False),
    ]


async def test_an_unconfirmed_address_of_two_people_is_left_out(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    async with receiving(database) as services:
        await arrive(services, "ada", raw_email="ada@example.com")
        await has_verified_email(database)
    people = (
        person(1, email="Ada@Example.com", email_confirmed_at=""),
        person(2, email="bob@example.com"),
        person(3, email="BOB@example.com", email_confirmed_at=""),
        person(4, email="eve@example.com", email_confirmed_at=""),
        person(5, email="eve@example.com", email_confirmed_at=""),
        person(6, email="joe@example.com", email_confirmed_at=""),
    )
    code, told = await imported(database_dsn, csv_file(tmp_path, *people))
    assert code == 0
    assert told[:4] == [
        'people.csv:2: note: email "Ada@example.com": is not confirmed, '
        "and a user who is here has verified it: left out",
        'people.csv:4: note: email "BOB@example.com": is not confirmed, and is the same as in line 3: left out',
        'people.csv:5: note: email "eve@example.com": is not confirmed, and is the same as in line 6: left out',
        'people.csv:6: note: email "eve@example.com": is not confirmed, and is the same as in line 5: left out',
    ]
    assert "  1 email address is not confirmed: stored as not verified" in told
    assert await rows(owner, ADDRESSES) == [
        ("ada", "ada@example.com", True),
        ("person_1", None, False),
        ("person_2", "bob@example.com", True),
        ("person_3", None, False),
        ("person_4", None, False),
        ("person_5", None, False),
        ("person_6", "joe@example.com", False),
    ]


async def test_the_confirmation_of_a_phone_does_not_verify_the_email(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    """Supabase's `confirmed_at` is the earlier of the confirmations of email and phone."""
    (tmp_path / "users.csv").write_text(
        "id,email,phone,encrypted_password,username,confirmed_at\n"
        f"{id_of(1)},ada@example.com,12025550123,,ada,2023-04-05 06:07:08+00\n"
    )
    assert (await imported(database_dsn, tmp_path))[0] == 0
    assert await rows(owner, ADDRESSES) == [("ada", "ada@example.com", False)]


async def test_an_argon2_hash_is_imported_and_replaced_at_the_first_sign_in(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    brought = argon2(3)
    code, told = await imported(database_dsn, csv_file(tmp_path, person(1, encrypted_password=brought)))
    assert code == 0
    assert told[0].endswith("0 lines have errors, 0 notes.")
    kept = "select password_hash from users"
    assert await owner.fetchval(kept) == brought
    async with receiving(database) as services:
        with pytest.raises(InvalidCredentials):
            await sign_in(services, "person_1", PASSWORD + "!", address=HOME, user_agent=None)
        assert await owner.fetchval(kept) == brought
        for _ in range(2):
            await sign_in(services, "person_1", PASSWORD, address=HOME, user_agent=None)
            assert await owner.fetchval(kept) != brought


async def test_only_the_two_most_frequent_kinds_of_argon2_are_imported(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    hashes = [argon2(passes) for passes in (5, 2, 3, 3, 2)]
    people = [person(n, encrypted_password=kept) for n, kept in enumerate(hashes, 1)]
    people[0] |= {"email_confirmed_at": ""}
    code, told = await imported(database_dsn, csv_file(tmp_path, *people))
    assert (code, told[0]) == (
        0,
        "people.csv:2: note: encrypted_password: is an argon2 hash of one kind too many "
        f"(argon2id$v=19$m=64,t=5,p=2): {NOT_CONFIRMED}",
    )
    assert told[1].endswith("0 lines have errors, 1 note.")
    kept = "select password_hash from users order by username"
    assert await rows(owner, kept) == [(NO_PASSWORD,), *((one,) for one in hashes[1:])]
    more = csv_file(tmp_path, person(7, encrypted_password=argon2(4)), person(8, encrypted_password=argon2(2)))
    _, told = await imported(database_dsn, more)
    assert told[0].startswith("people.csv:2: note: encrypted_password: is an argon2 hash of one kind too many")
    assert told[1].endswith("1 note."), "the hashes of existing users count too"


async def test_suggested_usernames_are_used_with_the_option(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    async with receiving(database) as services:
        await arrive(services, "jo_lee")
    wrong = (
        {"username": "Admin"},
        {"username": "", "name": "Jo Lee"},
        {"username": "", "name": "Jo Lee"},
        {"username": "Ada"},
        {"username": "ada"},
        {"username": "", "name": "", "email": "eve@example.com"},
        {"username": "", "name": "", "email": "eve@example.org"},
        {"username": "jo_lee"},
        {"username": "", "name": "Eve 7777"},
    )
    people = [person(n, id=f"{str(n) * 8}-0000-4000-8000-000000000000", **one) for n, one in enumerate(wrong, 1)]
    file = csv_file(tmp_path, *people)
    code, told = await imported(database_dsn, file, dry=True)
    assert (code, told[0]) == (1, 'people.csv:2: username "Admin": is reserved (free: person_111111110000)')
    assert any(
        line.startswith("9 people read: 0 can be imported, 0 are already imported, 9 lines have errors")
        for line in told
    )
    for dry in (True, False):
        code, told = await imported(database_dsn, file, dry=dry, take_suggested=True)
        assert code == 0
        assert told[:11] == [
            'people.csv:2: note: username "Admin": is reserved (becomes person_111111110000)',
            "people.csv:3: note: username: is missing (becomes jo_lee_2222)",
            "people.csv:4: note: username: is missing (becomes jo_lee_3333)",
            'people.csv:5: note: username "ada": is the same as in line 6 (becomes ada_4444)',
            'people.csv:6: note: username "ada": is the same as in line 5 (becomes ada_5555)',
            "people.csv:7: note: name: is missing: the username is shown instead",
            "people.csv:7: note: username: is missing (becomes eve)",
            "people.csv:8: note: name: is missing: the username is shown instead",
            "people.csv:8: note: username: is missing (becomes person_777777770000)",
            'people.csv:9: note: username "jo_lee": belongs to a user who is here already (becomes jo_lee_8888)',
            "people.csv:10: note: username: is missing (becomes eve_7777)",
        ]
        assert told[11].startswith("9 people read: 9 can be imported, 0 are already imported, 0 lines have errors")
    assert await rows(
        owner, "select username, name from users join imported_users on user_id = id order by supabase_id"
    ) == [
        ("person_111111110000", "Person 1"),
        ("jo_lee_2222", "Jo Lee"),
        ("jo_lee_3333", "Jo Lee"),
        ("ada_4444", "Person 4"),
        ("ada_5555", "Person 5"),
        ("eve", "eve"),
        ("person_777777770000", "person_777777770000"),
        ("jo_lee_8888", "Person 8"),
        ("eve_7777", "Eve 7777"),
    ]


async def test_using_a_suggested_username_corrects_no_other_error(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    await owner.execute(
        "insert into retired_usernames select sha256(convert_to(n, 'UTF8')), now() from unnest($1::text[]) n",
        ["eve", "eve_3f1c"],
    )
    people = person(1, username="Admin", balance="-1"), person(2, username="", name="", email="eve@example.com")
    code, told = await imported(database_dsn, csv_file(tmp_path, *people), take_suggested=True, skip_wrong=True)
    assert code == 0
    assert 'people.csv:2: balance "-1": is negative: an opening balance cannot be a debt' in told
    assert await rows(owner, "select username from users") == [("person_3f1c8a526b0e",)]


async def test_local_phone_numbers_are_read_with_the_operators_country(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    users = block("auth.users", ["id", "email"], [[id_of(1), "ada@example.com"]])
    profiles = block("public.profiles", ["id", "username", "phone"], [[id_of(1), "ada", "(202) 555-0123"]])
    dump = tmp_path / "dump.sql"
    dump.write_text("--\n" + users + profiles)
    code, told = await imported(database_dsn, dump)
    assert code == 1
    assert (
        'dump.sql:3: phone "(202) 555-0123": has no country code: write it like +12025550123, or name the --country'
        in told
    )
    assert (await imported(database_dsn, dump, country="US"))[0] == 0
    assert await owner.fetchval("select phone from users") == "+12025550123"


async def test_a_balance_may_be_given_in_cents(database_dsn: Dsns, owner: Owner, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(
        f"id,encrypted_password,username,balance_cents\n{id_of(1)},,ada,1234\n{id_of(2)},,bob,\n"
    )
    (tmp_path / "wallets.csv").write_text(f"id,user_id,balance_cents\nw1,{id_of(1)},1234\nw2,{id_of(2)},99.0\n,,\n")
    code, told = await imported(database_dsn, tmp_path)
    assert (code, told[-1]) == (0, "2 people imported; 2 opening balances posted: 13.33 USD.")
    posted = "select username, posted from users join ledger_accounts a on a.id = wallet_id order by username"
    assert await rows(owner, posted) == [("ada", 1_234), ("bob", 99)]
