"""An import run: each person is imported once, with balance and old password, and nobody is imported after an
error."""

import asyncio
import io
from contextlib import suppress
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self
from uuid import UUID

import asyncpg
import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database
from pocketpay.identity.errors import InvalidCredentials
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sign_in import sign_in
from pocketpay.importing import dry_run, write_people
from pocketpay.importing.person import NO_EMAIL
from pocketpay.importing.repository import staging, verdicts
from pocketpay.importing.row import ExportUnreadable
from pocketpay.operations import audit
from tests.conftest import Dsns
from tests.importing.exports import HASH, block, csv_file, id_of, imported, person
from tests.people import HOME, PASSWORD, Owner, arrive, facts, has_verified_email, has_verified_phone, receiving

EVERYTHING = """
select u.username, u.name, u.email, u.phone, u.avatar_url, u.created_at::text, w.currency, a.posted, a.sequence,
    t.type, t.status, t.description, t.bank_name, i.opening_amount
from imported_users i join users u on u.id = i.user_id join wallets w on w.id = u.wallet_id
join ledger_accounts a on a.id = w.id left join transactions t on t.id = i.opening_id order by u.username
"""
ROWS = """
select (select count(*) from users), (select count(*) from wallets), (select count(*) from transactions),
    (select count(*) from ledger_entries), (select count(*) from imported_users),
    (select count(*) from idempotency_keys)
"""


async def audited(dsns: Dsns) -> str:
    said = io.StringIO()
    await audit.report(dsns.server, said)
    return said.getvalue()


async def test_people_are_imported_with_their_data_and_balance(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    ada = person(1, username="Ada", phone="12025550123", avatar_url="https://x.example/a.png", balance="125.5000")
    code, told = await imported(database_dsn, csv_file(tmp_path, ada, person(2, balance="0.00")))
    assert (code, told) == (
        0,
        [
            "2 people read: 2 can be imported, 0 are already imported, 0 lines have errors, 0 notes.",
            "  USD: 2 people, 1 opening balance, 125.50 USD in total",
            "2 people imported; 1 opening balance posted: 125.50 USD.",
        ],
    )
    since = "2023-04-05 06:07:08.91+00"
    avatar, paid = "https://x.example/a.png", ("deposit", "completed", "Opening balance", "Supabase")
    assert [tuple(row) for row in await owner.fetch(EVERYTHING)] == [
        ("ada", "Person 1", "person1@example.com", "+12025550123", avatar, since, "USD", 12_550, 1, *paid, 12_550),
        ("person_2", "Person 2", "person2@example.com", None, None, since, "USD", 0, 0, None, None, None, None, 0),
    ]
    bank = "select sum(amount) from ledger_entries where kind = 'bank'"
    assert await owner.fetchval(bank) == -12_550
    assert "ledger is correct" in await audited(database_dsn)


async def test_a_second_import_of_the_same_file_changes_nothing(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, *(person(n) for n in range(1, 1_101)))
    assert (await imported(database_dsn, file))[0] == 0
    before = await facts(owner, ROWS)
    assert before == (1_100, 1_100, 1_100, 2_200, 1_100, 1_100)
    code, told = await imported(database_dsn, file)
    assert code == 0
    assert (
        told[0] == "1,100 people read: 0 can be imported, 1,100 are already imported, 0 lines have errors, 0 notes."
    )
    assert told[-1] == "0 people imported; 0 opening balances posted."
    assert await facts(owner, ROWS) == before
    assert "ledger is correct" in await audited(database_dsn)


async def test_people_are_validated_with_the_databases_clock(
    database_dsn: Dsns, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Behind(datetime):
        """A local clock that is decades behind."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(1999, 1, 1, tzinfo=tz)

    monkeypatch.setattr(dry_run, "datetime", Behind, raising=False)
    code, told = await imported(database_dsn, csv_file(tmp_path, person(1)))
    assert (code, told[0]) == (
        0,
        "1 person read: 1 can be imported, 0 are already imported, 0 lines have errors, 0 notes.",
    )
    assert await owner.fetchval("select created_at::text from users") == "2023-04-05 06:07:08.91+00"


async def test_a_dry_run_changes_nothing_and_reports_what_an_import_would_do(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    code, told = await imported(database_dsn, csv_file(tmp_path, person(1), person(2)), dry=True)
    assert (code, told[-1]) == (0, "Nothing was changed: this was a dry run.")
    assert "2 can be imported" in told[0]
    assert await facts(owner, ROWS) == (0, 0, 0, 0, 0, 0)


async def test_one_invalid_line_stops_the_import_unless_it_is_skipped(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, person(1), person(2, username="Admin"))
    code, told = await imported(database_dsn, file, dry=True)
    assert (code, told[0]) == (1, 'people.csv:3: username "Admin": is reserved (free: admin_3f1c)')
    code, told = await imported(database_dsn, file)
    assert (code, told[-1]) == (1, "Nobody was imported. Fix these lines, or skip them with --skip-wrong.")
    assert await facts(owner, ROWS) == (0, 0, 0, 0, 0, 0)
    code, told = await imported(database_dsn, file, skip_wrong=True)
    assert (code, told[-1]) == (0, "1 person imported; 1 opening balance posted: 1.50 USD.")
    mended = csv_file(tmp_path, person(1), person(2, username="admin_3f1c"))
    assert (await imported(database_dsn, mended))[1][-1] == "1 person imported; 1 opening balance posted: 2.50 USD."
    assert await owner.fetchval("select count(*) from users") == 2


async def test_two_lines_with_the_same_value_are_both_refused(database_dsn: Dsns, tmp_path: Path) -> None:
    people = (
        person(1, username="Ada"),
        person(2, username="ａｄａ"),
        person(3, email="SAME@example.com", phone="+12025550123"),
        person(4, email="same@Example.COM", phone="12025550123"),
        person(1, username="other", email=""),
    )
    _, told = await imported(database_dsn, csv_file(tmp_path, *people), skip_wrong=True)
    assert [line for line in told if line.startswith("people.csv")] == [
        "people.csv:2: id: is the same as in line 6",
        'people.csv:2: username "ada": is the same as in line 3 (free: ada_3f1c)',
        'people.csv:3: username "ada": is the same as in line 2 (free: ada_3f1c)',
        'people.csv:4: email "SAME@example.com": is the same as in line 5',
        'people.csv:4: phone "+12025550123": is the same as in line 5',
        'people.csv:5: email "same@example.com": is the same as in line 4',
        'people.csv:5: phone "+12025550123": is the same as in line 4',
        "people.csv:6: id: is the same as in line 2",
    ]
    assert told[-1] == "0 people imported; 0 opening balances posted."


async def test_values_of_existing_users_are_refused(database_dsn: Dsns, database: Database, tmp_path: Path) -> None:
    async with receiving(database) as services:
        await arrive(services, "ada", raw_email="ada@example.com", raw_phone="+12025550123")
        await has_verified_email(database)
        await has_verified_phone(database)
    file = csv_file(
        tmp_path, person(1, username="ADA"), person(2, email="Ada@Example.com"), person(3, phone="12025550123")
    )
    code, told = await imported(database_dsn, file)
    assert code == 1
    assert told[:3] == [
        'people.csv:2: username "ada": belongs to a user who is here already (free: ada_3f1c)',
        'people.csv:3: email "Ada@example.com": belongs to a user who is here already',
        'people.csv:4: phone "+12025550123": belongs to a user who is here already',
    ]


async def test_unverified_values_of_existing_users_do_not_refuse_an_import(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    async with receiving(database) as services:
        await arrive(services, "eve", raw_email="ada@example.com", raw_phone="+12025550123")
    confirmed = "2023-04-05 06:07:08.91+00"
    ada = person(1, username="ada", email="Ada@Example.com", email_confirmed_at=confirmed, phone="+1 202 555 0123")
    code, _ = await imported(database_dsn, csv_file(tmp_path, ada))
    assert code == 0
    assert await owner.fetchval("select username from users where email_verified_at is not null") == "ada"


async def test_only_an_address_confirmed_by_supabase_is_verified(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    confirmed = "2023-04-05 06:07:08.91+00"
    people = (
        person(1, email_confirmed_at=confirmed),
        person(2, email_confirmed_at=""),
        person(3, email="", email_confirmed_at=confirmed),
        person(4, email_confirmed_at="one day"),
        person(5, email_confirmed_at="2999-01-01 00:00:00+00"),
    )
    code, _ = await imported(database_dsn, csv_file(tmp_path, *people))
    assert code == 0
    rows = await owner.fetch("select username, email_verified_at::text from users order by username")
    assert [tuple(row) for row in rows] == [
        ("person_1", confirmed),
        *((f"person_{number}", None) for number in range(2, 6)),
    ]


async def test_a_username_taken_during_the_import_refuses_only_that_person(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = verdicts.ready

    async def late(connection: "asyncpg.Connection[asyncpg.Record]", after: int, limit: int) -> list[verdicts.Ready]:
        if not after:
            async with receiving(database) as services:
                await arrive(services, "person_2")
        return await ready(connection, after, limit)

    monkeypatch.setattr(verdicts, "ready", late)
    code, told = await imported(database_dsn, csv_file(tmp_path, *(person(n) for n in range(1, 4))))
    assert code == 1
    assert told[-2].startswith('"person_2" was left out')
    assert told[-1] == "2 people imported; 2 opening balances posted: 5.00 USD."
    assert "ledger is correct" in await audited(database_dsn)


async def test_the_next_import_posts_the_opening_balances_of_an_interrupted_one(
    database_dsn: Dsns, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    file = csv_file(tmp_path, person(1), person(2))
    with monkeypatch.context() as patched:
        patched.setattr(write_people, "_open_balances", cut_off)
        with pytest.raises(KeyboardInterrupt):
            await _run_until_cut(database_dsn, file)
    assert await facts(owner, ROWS) == (2, 2, 0, 0, 2, 0)
    assert (await imported(database_dsn, file, dry=True))[1][
        -2
    ] == "Not posted yet by an earlier run: 2 opening balances."
    mended = csv_file(tmp_path, person(1, balance="999"), person(2))
    assert (await imported(database_dsn, mended))[1][-1] == (
        "0 people imported; 2 opening balances posted: 4.00 USD."
    ), "the first balances are posted, not the corrected ones"
    assert await facts(owner, ROWS) == (2, 2, 2, 4, 2, 2)
    assert "ledger is correct" in await audited(database_dsn)


async def _run_until_cut(dsns: Dsns, file: Path) -> None:
    try:
        await imported(dsns, file)
    except BaseException as cut:
        raise KeyboardInterrupt from cut


async def test_a_login_without_the_right_to_temporary_tables_gets_the_grant_to_run(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    name = await owner.fetchval("select current_database()")
    await owner.execute(f"revoke temporary on database {name} from public")
    file = csv_file(tmp_path, person())
    with pytest.raises(staging.StagingRefused, match="cannot create temporary tables") as refused:
        await imported(database_dsn, file)
    grant = str(refused.value).rpartition("or: ")[2]
    assert grant == f"GRANT TEMPORARY ON DATABASE {name} TO pocketpay;"
    await owner.execute(grant)
    assert (await imported(database_dsn, file))[0] == 0


async def test_a_second_import_waits_for_the_first(
    database_dsn: Dsns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(staging.NO_TIMEOUTS, "lock_timeout", "50")
    first = await staging.open_connection(database_dsn.server)
    with pytest.raises(staging.StagingRefused, match="Another import is running"):
        await imported(database_dsn, csv_file(tmp_path, person()))
    first.terminate()
    monkeypatch.setitem(staging.NO_TIMEOUTS, "lock_timeout", "5000")
    assert (await imported(database_dsn, csv_file(tmp_path, person())))[0] == 0


async def test_an_imported_person_signs_in_with_the_old_password_and_gets_a_new_hash(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    await imported(database_dsn, csv_file(tmp_path, person(1), person(2, encrypted_password="")))
    async with receiving(database) as services:
        with pytest.raises(InvalidCredentials):
            await sign_in(services, "person_1", PASSWORD + "!", address=HOME, user_agent=None)
        assert await owner.fetchval("select password_hash from users where username = 'person_1'") == HASH
        for login in ("person_1", "person1@example.com"):
            assert (await sign_in(services, login, PASSWORD, address=HOME, user_agent=None)).user.name == "Person 1"
            kept = await owner.fetchval("select password_hash from users where username = 'person_1'")
            assert kept.startswith("$argon2id$")
        for guess in (PASSWORD, "none", ""):
            with pytest.raises(InvalidCredentials):
                await sign_in(services, "person_2", guess, address=HOME, user_agent=None)


async def test_imported_people_get_no_welcome_bonus(database_dsn: Dsns, owner: Owner, tmp_path: Path) -> None:
    await imported(database_dsn, csv_file(tmp_path, person(1), person(2)))
    assert await owner.fetchval("select count(*) from transactions where type = 'bonus'") == 0


async def test_the_report_has_a_sum_for_each_currency(database_dsn: Dsns, owner: Owner, tmp_path: Path) -> None:
    people = person(1), person(2, currency="jpy", balance="1500.00"), person(3, currency="")
    code, told = await imported(
        *(database_dsn, csv_file(tmp_path, *people)),
        skip_wrong=True,
        currencies="USD,JPY",
        welcome_bonus="0",
        large_transfer_threshold="USD:500.00,JPY:75000",
    )
    assert told == [
        "people.csv:4: currency: is missing, and this server has several currencies",
        "3 people read: 2 can be imported, 0 are already imported, 1 line has an error, 0 notes.",
        "  JPY: 1 person, 1 opening balance, 1500 JPY in total",
        "  USD: 1 person, 1 opening balance, 1.50 USD in total",
        "2 people imported; 2 opening balances posted: 1500 JPY, 1.50 USD.",
    ]
    assert code == 0


async def test_tables_of_a_dump_are_joined(database_dsn: Dsns, owner: Owner, tmp_path: Path) -> None:
    one, two = id_of(1), id_of(2)
    dump = tmp_path / "dump.sql"
    dump.write_text(
        "--\n-- PostgreSQL database dump\n--\n\\restrict abc\nSET client_encoding = 'UTF8';\n"
        + block("auth.audit_log", ["id", "payload"], [["1", "COPY auth.users (id) FROM stdin;\n\\."]])
        + block(
            '"auth"."users"',
            ['"instance_id"', '"id"', '"email"', '"encrypted_password"', '"phone"', '"raw_user_meta_data"'],
            [
                ["0", one, "ada@example.com", HASH, None, '{"full_name": "Ada \\"L\\""}'],
                ["0", two, None, None, "12025550123", None],
            ],
        )
        + block(
            "public.ledger_entries",
            ["id", "wallet_id", "amount"],
            [["1", "w1", "100.00"], ["2", "w1", "-20.25"], ["3", "w1", "0.5"]],
        )
        + block("public.profiles", ["id", "username", "full_name"], [[one, "ada", None], [two, "bob", "Bob\tB\\b"]])
        + block("public.wallets", ["id", "user_id", "currency"], [["w1", one, "USD"], ["w2", two, "USD"]]),
        encoding="utf-8",
    )
    code, told = await imported(database_dsn, dump)
    assert (code, told) == (
        1,
        [
            'dump.sql:12: name "Bob\\tB\\b": must not have control characters or characters that cannot be displayed',
            f"dump.sql:12: note: encrypted_password: is empty: {NO_EMAIL}",
            "2 people read: 1 can be imported, 0 are already imported, 1 line has an error, 1 note.",
            "  USD: 1 person, 1 opening balance, 80.25 USD in total",
            "  1 email address is not confirmed: stored as not verified",
            "Nobody was imported. Fix these lines, or skip them with --skip-wrong.",
        ],
    )
    assert (await imported(database_dsn, dump, skip_wrong=True))[0] == 0
    assert await facts(
        owner, "select username, name, posted from users join ledger_accounts a on a.id = wallet_id"
    ) == (
        "ada",
        'Ada "L"',
        8_025,
    )


async def test_tables_in_files_of_a_folder_are_joined_too(database_dsn: Dsns, owner: Owner, tmp_path: Path) -> None:
    one = id_of(1)
    (tmp_path / "users_rows.csv").write_text(f"id,email,encrypted_password\n{one},ada@example.com,{HASH}\n")
    (tmp_path / "profiles_rows.csv").write_text(f"id,username,full_name\n{one},ada,Ada\n{id_of(9)},x,X\n")
    (tmp_path / "wallets_rows.csv").write_text(f"id,user_id,balance\nw1,{one},10.00\nw2,{id_of(8)},5\n")
    code, told = await imported(database_dsn, tmp_path, skip_wrong=True)
    assert (code, told) == (
        0,
        [
            "profiles_rows.csv:3: id: this profile has no user in auth.users",
            "wallets_rows.csv:3: user_id: this wallet has no user in auth.users",
            "1 person read: 1 can be imported, 0 are already imported, 2 lines have errors, 0 notes.",
            "  USD: 1 person, 1 opening balance, 10.00 USD in total",
            "  1 email address is not confirmed: stored as not verified",
            "1 person imported; 1 opening balance posted: 10.00 USD.",
        ],
    )


async def test_a_balance_that_differs_from_the_sum_of_its_entries_is_refused(
    database_dsn: Dsns, tmp_path: Path
) -> None:
    one = id_of(1)
    (tmp_path / "users.csv").write_text(f"id,encrypted_password,username\n{one},{HASH},ada\n")
    (tmp_path / "wallets.csv").write_text(f"id,user_id,balance\nw1,{one},10.00\n")
    (tmp_path / "entries.csv").write_text("wallet_id,amount\nw1,12.00\nw1,-1.00\n")
    code, told = await imported(database_dsn, tmp_path)
    assert (code, told[0]) == (
        1,
        'users.csv:2: balance: differs: wallet\'s balance "10.00", ledger entries "11.00"',
    )
    (tmp_path / "entries.csv").write_text("wallet_id,amount\nw1,ten\n")
    with pytest.raises(ExportUnreadable, match=r'entries.csv:2: .* amount "ten" of wallet "w1" cannot be summed'):
        await imported(database_dsn, tmp_path)


async def test_an_import_and_concurrent_sign_ups_do_not_affect_each_other(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, *(person(n) for n in range(1, 801)))
    async with receiving(database) as services:
        await asyncio.gather(imported(database_dsn, file), *(arrives(services, f"guest_{n}") for n in range(10)))
    assert await owner.fetchval("select count(*) from users") == 810
    assert "ledger is correct" in await audited(database_dsn)


async def arrives(services: IdentityServices, username: str) -> None:
    """Signs up as a client does: it retries when a busy machine answers SERVICE_BUSY."""
    async with asyncio.timeout(60):
        while True:
            with suppress(ServiceBusy):
                await arrive(services, username)
                return
            await asyncio.sleep(0.1)


def test_the_ids_in_the_exports_of_these_tests_are_uuids() -> None:
    assert UUID(id_of(1)).hex.startswith("3f1c")


async def test_the_username_of_a_closed_user_is_neither_imported_nor_suggested(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    taken = f"ada_{id_of(1)[:4]}"
    await owner.execute(
        "insert into retired_usernames select sha256(convert_to(n, 'UTF8')), now() from unnest($1::text[]) n",
        ["ada", "person"],
    )
    file = csv_file(tmp_path, person(1, username="Ada"), person(2, username="", name="Person"), person(3))
    code, told = await imported(database_dsn, file, skip_wrong=True)
    assert code == 0
    assert told[:2] == [
        f'people.csv:2: username "ada": belonged to somebody who has closed their wallet (free: {taken})',
        f"people.csv:3: username: is missing (free: person_{id_of(2)[:4]})",
    ]
    assert "1 line" not in told[2]
    assert [row[0] for row in await owner.fetch("select username from users")] == ["person_3"]


async def test_an_imported_person_who_closed_their_wallet_is_not_imported_again(
    database_dsn: Dsns, owner: Owner, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, person(1, balance="0.00"))
    await imported(database_dsn, file)
    await owner.execute(
        "update users set username = 'closed_1', email = null, phone = null, avatar_url = null, closed_at = now()"
    )
    code, told = await imported(database_dsn, file)
    assert code == 0
    assert told[0].startswith("1 person read: 0 can be imported, 1 is already imported")
