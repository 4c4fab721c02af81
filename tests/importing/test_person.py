"""One person of an export: each field is validated by the product's rules, and each invalid one is reported."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.identity import usernames
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.importing.finding import Severity
from pocketpay.importing.joined import Joined
from pocketpay.importing.person import FIRST_PASSWORD, NO_EMAIL, CheckedPerson, check_person, suggested
from pocketpay.text.characters import is_printable
from tests.importing.exports import HASH, id_of

NOW = datetime(2025, 1, 1, tzinfo=UTC)
ID = UUID(id_of(1))

FIT: dict[str, Any] = {
    **dict.fromkeys(Joined.__dataclass_fields__),
    "n": 1,
    "part": 0,
    "line": 2,
    "id": ID,
    "profiles": 1,
    "wallets": 1,
    "currencies": 1,
    "encrypted_password": HASH,
    "username": "ada",
    "name": "Ada",
    "currency": "USD",
    "balance": "1.50",
}


FIREBASE = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=c2lnbmVy$c2FsdA==$aGFzaA=="
ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$bGJRWThNOHJJTVBSdHl2dQ$NfEnUOuUpb7F2fQkgFUG4g"


def judged(*, served: tuple[str, ...] = ("USD",), country: str | None = None, **fields: object) -> CheckedPerson:
    return check_person(Joined(**(FIT | fields)), served, NOW, country=country)


def said(person: CheckedPerson, severity: Severity = Severity.WRONG) -> list[str]:
    return [
        f"{one.field} {one.shown}: {one.problem}".replace(" :", ":")
        for one in person.findings
        if one.severity is severity
    ]


def test_a_valid_person_has_no_errors_or_notes() -> None:
    person = judged(email=" Ada@EXAMPLE.com ", phone="12025550123", created_at="2023-04-05 06:07:08.91+02")
    assert person.findings == ()
    assert (person.username, person.email, person.phone) == ("ada", "Ada@example.com", "+12025550123")
    assert (person.password_hash, person.currency, person.opening) == (HASH, "USD", 150)
    assert person.created_at == datetime(2023, 4, 5, 4, 7, 8, 910_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"username": "Admin"}, 'username "Admin": is reserved'),
        ({"username": "a"}, 'username "a": must have 3 to 30 characters: letters a to z, digits and underscores'),
        ({"username": "=cmd|' /C calc'!A0"}, "username \"=cmd|' /C calc'!A0\": must have 3 to 30"),
        ({"username": "x" * 90_000}, f'username "{"x" * 40}…": must have 3 to 30'),
        ({"username": None}, "username: is missing"),
        ({"username": "  "}, "username: is missing"),
        ({"name": "\u202eevil"}, 'name "\\u202eevil": must not have control characters'),
        ({"name": "\x1b[2Jx"}, 'name "\\x1b[2Jx": must not have control characters'),
        ({"email": "ada@"}, 'email "ada@": must be an email address'),
        ({"email": "ада@example.com"}, 'email "ада@example.com": must be an email address'),
        ({"email": "a" * 400 + "@example.com"}, f'email "{"a" * 40}…": is too long'),
        ({"phone": "0170 1234567"}, 'phone "0170 1234567": has no country code: write it like +12025550123, or name'),
        ({"phone": "2025550123"}, 'phone "2025550123": has no country code'),
        ({"profile_phone": "12025550123"}, 'phone "12025550123": has no country code'),
        ({"phone": "call me"}, 'phone "call me": must be a number with its country code'),
        ({"phone": "+1 202"}, 'phone "+1 202": has too few or too many digits'),
        ({"encrypted_password": "hunter2"}, "encrypted_password: is not a password hash"),
        (
            {"encrypted_password": "$argon2id$v=19$m=65536,t=3,p=4$x$y"},
            "encrypted_password: is a damaged argon2 hash",
        ),
        ({"encrypted_password": HASH[:-1]}, "encrypted_password: is a damaged bcrypt hash"),
        ({"encrypted_password": "$2x" + HASH[3:]}, "encrypted_password: is a damaged bcrypt hash"),
        ({"balance": "-3.00"}, 'balance "-3.00": is negative'),
        ({"balance": "1.505"}, 'balance "1.505": has more than the 2 decimals of USD'),
        ({"balance": "1e3"}, 'balance "1e3": is not an amount'),
        ({"balance": "1,000.00"}, 'balance "1,000.00": is not an amount'),
        ({"balance": "=1+1"}, 'balance "=1+1": is not an amount'),
        ({"balance": "NaN"}, 'balance "NaN": is not an amount'),
        ({"balance": "٣"}, 'balance "٣": is not an amount'),
        ({"balance": "9" * 31}, "is not an amount"),
        ({"balance": "10000000000.01"}, "is above 10,000,000,000 USD"),
        (
            {"balance": None, "balance_cents": "1.5"},
            'balance_cents "1.5": is not a whole number of the smallest unit of USD',
        ),
        ({"balance": None, "balance_cents": "ten"}, 'balance_cents "ten": is not a whole number'),
        ({"balance": None, "balance_cents": "-1"}, 'balance_cents "-1": is negative'),
        ({"balance": None, "balance_cents": "1" + "0" * 14}, "is above 10,000,000,000 USD"),
        ({"balance": "1.00", "balance_cents": "1"}, 'balance: differs: balance "1.00", balance_cents "1"'),
        ({"balance": "1", "wallet_balance_cents": "1"}, 'differs: balance "1", wallet\'s balance_cents "1"'),
        ({"balance": "1", "entries": "2.00"}, 'balance: differs: balance "1", ledger entries "2.00"'),
        ({"balance": None, "entries": "-2"}, 'ledger entries "-2": is negative'),
        ({"currency": "EUR"}, 'currency "EUR": is not a currency of this server. Its currencies: USD'),
        ({"currency": "DOGE"}, 'currency "DOGE": is not a currency of this server'),
        (
            {"currency": None, "served": ("USD", "JPY")},
            "currency: is missing, and this server has several currencies",
        ),
        ({"currencies": 2}, "currency: 2 different currencies are given for the same person"),
        ({"profiles": 2}, "id: has 2 profiles"),
        ({"wallets": 3}, "id: has 3 wallets"),
        ({"deleted_at": "2024-01-01"}, "deleted_at: is set: this person was deleted"),
        ({"banned_until": "2999-01-01"}, "banned_until: is in the future: this person is banned"),
        ({"banned_until": "infinity"}, "banned_until: is in the future: this person is banned"),
        ({"is_anonymous": "t"}, "is_anonymous: is true: this is an anonymous session"),
    ],
)
def test_an_invalid_field_is_reported_and_the_person_is_not_imported(fields: dict[str, Any], problem: str) -> None:
    person = judged(**fields)
    assert person.wrong
    assert len(said(person)) == 1
    assert problem in said(person)[0]
    assert HASH not in str(person.findings)


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"encrypted_password": None}, f"encrypted_password: is empty: {NO_EMAIL}"),
        ({"encrypted_password": ""}, f"encrypted_password: is empty: {NO_EMAIL}"),
        (
            {"encrypted_password": FIREBASE},
            f"encrypted_password: is a Firebase scrypt hash, which cannot be compared here: {NO_EMAIL}",
        ),
        (
            {"encrypted_password": HASH[:4] + "31" + HASH[6:]},
            f"encrypted_password: is a bcrypt hash with cost 31, and 4 to 12 are accepted: {NO_EMAIL}",
        ),
        (
            {"encrypted_password": ARGON2.replace("t=3", "t=9")},
            "encrypted_password: is an argon2 hash that costs too much (argon2id$v=19$m=65536,t=9,p=4): " + NO_EMAIL,
        ),
        (
            {"encrypted_password": None, "email": "ada@example.com", "email_confirmed_at": "2023-04-05"},
            f"encrypted_password: is empty: {FIRST_PASSWORD}",
        ),
        ({"name": None}, "name: is missing: the username is shown instead"),
        (
            {"avatar_url": "javascript:alert(1)"},
            'avatar_url "javascript:alert(1)": must be a URL that begins with https://, '
            "as a browser shows it: left out",
        ),
        (
            {"avatar_url": "https://10.0.0.1/a.png"},
            'avatar_url "https://10.0.0.1/a.png": must have a public host, '
            "like https://pictures.example.com/me.png: left out",
        ),
        (
            {"created_at": "yesterday"},
            'created_at "yesterday": is not a time in the past: the time of the import is used',
        ),
        (
            {"created_at": "2999-01-01"},
            'created_at "2999-01-01": is not a time in the past: the time of the import is used',
        ),
    ],
)
def test_an_unusual_field_is_noted_and_the_person_is_imported(fields: dict[str, Any], note: str) -> None:
    person = judged(**fields)
    assert not person.wrong
    assert said(person, Severity.NOTE) == [note]


@pytest.mark.parametrize(
    ("fields", "opening"),
    [
        ({"balance": "0"}, 0),
        ({"balance": "-0.00"}, 0),
        ({"balance": None}, 0),
        ({"balance": ""}, 0),
        ({"balance": "12"}, 1_200),
        ({"balance": None, "balance_cents": "12"}, 12),
        ({"balance": None, "balance_cents": "12.0"}, 12),
        ({"balance": None, "balance_cents": ""}, 0),
        ({"balance": None, "balance_cents": "1500", "currency": "JPY", "served": ("USD", "JPY")}, 1_500),
        ({"balance": "7.00", "balance_cents": "700", "wallet_balance_cents": "700", "entries": "7"}, 700),
        ({"balance": "12.5"}, 1_250),
        ({"balance": "12.500000"}, 1_250),
        ({"balance": None, "wallet_balance": "7.00", "entries": "7"}, 700),
        ({"balance": "1500.00", "currency": " jpy ", "served": ("USD", "JPY")}, 1_500),
        ({"balance": "10000000000.00"}, 1_000_000_000_000),
    ],
)
def test_balance_is_read_to_the_minor_unit(fields: dict[str, Any], opening: int) -> None:
    person = judged(**fields)
    assert person.findings == ()
    assert person.opening == opening


def test_all_errors_of_a_person_are_reported_together() -> None:
    person = judged(username="Admin", email="x", phone="y", encrypted_password="z", balance="-1", currency="USD")
    assert [line.split(" ")[0].rstrip(":") for line in said(person)] == [
        *("username", "balance", "email", "phone", "encrypted_password")
    ]


def test_the_providers_data_is_used_when_there_is_no_profile() -> None:
    said_by_provider = '{"username": "ada_l", "full_name": "Ada L", "avatar_url": "https://x.example/a", "n": 1}'
    person = judged(username=None, name=None, metadata=said_by_provider)
    assert (person.username, person.name, person.avatar_url) == ("ada_l", "Ada L", "https://x.example/a")
    for hostile in ("{", "[1]", "[" * 60_000, '{"full_name": "\\u0000"}', '{"full_name": ["a"]}'):
        assert judged(name=None, metadata=hostile).name == "ada"


@pytest.mark.parametrize(
    ("fields", "country", "number"),
    [
        ({"phone": "12025550123"}, None, "+12025550123"),
        ({"phone": "12025550123"}, "US", "+12025550123"),
        ({"phone": "4915123456789"}, "DE", "+4915123456789"),
        ({"phone": "2025550123"}, "US", "+12025550123"),
        ({"phone": "(202) 555-0123"}, "US", "+12025550123"),
        ({"phone": "01512 3456789"}, "DE", "+4915123456789"),
        ({"phone": "0044 20 7946 0958"}, "DE", "+442079460958"),
        ({"phone": "+44 20 7946 0958"}, "US", "+442079460958"),
        ({"profile_phone": "202-555-0123"}, "US", "+12025550123"),
        ({"profile_phone": "12025550123"}, "US", "+12025550123"),
        ({"phone": "12025550123", "profile_phone": "nonsense"}, None, "+12025550123"),
    ],
)
def test_a_phone_number_is_read_with_its_country(fields: dict[str, Any], country: str | None, number: str) -> None:
    person = judged(country=country, **fields)
    assert (person.findings, person.phone) == ((), number)


@pytest.mark.parametrize(
    ("field", "number", "country", "problem"),
    [
        ("phone", "202555", "US", 'phone "202555": is not a number of US: write it with its country code'),
        ("phone", "33123456789", "DE", "could be +33123456789 or +4933123456789: write it with its plus sign"),
        (
            "profile_phone",
            "4915123456789",
            "DE",
            "could be +4915123456789 or +494915123456789: write it with its plus sign",
        ),
        ("profile_phone", "442079460958", "US", "is not a number of US"),
    ],
)
def test_an_ambiguous_phone_number_is_refused(field: str, number: str, country: str, problem: str) -> None:
    fields: dict[str, Any] = {field: number}
    assert problem in said(judged(country=country, **fields))[0]


def test_every_kind_of_hash_that_gotrue_wrote_is_imported() -> None:
    for kind in ("2a", "2b", "2y"):
        kept = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode().replace("$2b$", f"${kind}$")
        assert judged(encrypted_password=kept).password_hash == kept
    assert judged(encrypted_password=ARGON2).password_hash == ARGON2
    for left_behind in (None, FIREBASE):
        assert judged(encrypted_password=left_behind).password_hash == NO_PASSWORD


def test_a_ban_that_has_ended_is_ignored() -> None:
    assert judged(banned_until=str(NOW - timedelta(days=1))).findings == ()


@given(st.text(max_size=200))
def test_suggested_usernames_are_valid(like: str) -> None:
    names = suggested(like, ID)
    assert names
    for name in names:
        assert usernames.chosen(name) == name


@pytest.mark.parametrize(
    ("like", "names"),
    [
        ("José García", ("jose_garcia", "jose_garcia_3f1c")),
        ("Admin", ("admin_3f1c",)),
        ("@", ("person", "person_3f1c")),
        ("x" * 90, ("x" * 25, "x" * 25 + "_3f1c")),
    ],
)
def test_a_suggested_username_is_similar_to_the_refused_one(like: str, names: tuple[str, ...]) -> None:
    assert suggested(like, ID)[:-1] == names


TEXTS = ("email", "phone", "encrypted_password", "username", "name", "avatar_url", "currency", "balance")
MORE_TEXTS = (
    "wallet_balance",
    "balance_cents",
    "wallet_balance_cents",
    "profile_phone",
    "email_confirmed_at",
    "entries",
    "created_at",
    "metadata",
    "deleted_at",
    "banned_until",
    "is_anonymous",
)


@given(
    st.dictionaries(st.sampled_from(TEXTS + MORE_TEXTS), st.none() | st.text(max_size=40)),
    st.sampled_from((None, "US", "DE")),
)
def test_any_values_of_a_person_are_validated(fields: dict[str, Any], country: str | None) -> None:
    for finding in judged(country=country, **fields).findings:
        assert finding.problem
        assert all(is_printable(char) for char in finding.shown)
