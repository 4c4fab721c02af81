"""People with a refused name: they are imported, or the report names the correction."""

from pathlib import Path

import pytest

from pocketpay.database.sessions import Database
from pocketpay.identity import usernames
from pocketpay.identity.impersonation import PROBLEM
from pocketpay.identity.sign_in import sign_in
from pocketpay.importing.finding import Severity
from tests.conftest import Dsns
from tests.importing.exports import csv_file, imported, person
from tests.importing.test_person import judged, said
from tests.people import HOME, PASSWORD, Owner, facts, receiving


@pytest.mark.parametrize(
    ("name", "shown", "problem"),
    [
        ("Pосket Pay Support", "Pосket Pay Support", PROBLEM),
        ("Admin", "Admin", PROBLEM),
        ("\u3164", "\u3164", "must have at least one visible character"),
        ("\u200d\u200d", "\\u200d\\u200d", "must have at least one visible character"),
    ],
)
def test_the_username_replaces_a_refused_display_name(name: str, shown: str, problem: str) -> None:
    one = judged(name=name)
    assert not one.wrong
    assert one.name == "ada"
    assert said(one, Severity.NOTE) == [f'name "{shown}": {problem}: the username is shown instead']


@pytest.mark.parametrize("username", ["pocketpay_support", "admin1", "P0cketPay"])
def test_a_refused_username_is_reported_with_a_suggestion(username: str) -> None:
    one = judged(username=username)
    assert said(one) == [f'username "{username}": {PROBLEM}']
    (finding,) = one.findings
    assert finding.suggestions
    assert all(usernames.chosen(suggested) == suggested for suggested in finding.suggestions)


async def test_people_with_refused_names_are_imported_with_their_money_and_sign_in(
    database_dsn: Dsns, database: Database, owner: Owner, tmp_path: Path
) -> None:
    people = person(1, name="Pocket Pay Support"), person(2, username="pocketpay_help")
    code, told = await imported(database_dsn, csv_file(tmp_path, *people))
    assert code == 1
    assert told[:2] == [
        f'people.csv:2: note: name "Pocket Pay Support": {PROBLEM}: the username is shown instead',
        f'people.csv:3: username "pocketpay_help": {PROBLEM} (free: person_3f1c8a526b0e)',
    ]
    mended = csv_file(tmp_path, people[0], person(2, username="person_3f1c8a526b0e"))
    assert (await imported(database_dsn, mended))[0] == 0
    held = "select username, name, posted from users join ledger_accounts a on a.id = wallet_id order by posted"
    assert [tuple(row) for row in await owner.fetch(held)] == [
        ("person_1", "person_1", 150),
        ("person_3f1c8a526b0e", "Person 2", 250),
    ]
    async with receiving(database) as services:
        for login in ("person1@example.com", "person_3f1c8a526b0e"):
            await sign_in(services, login, PASSWORD, address=HOME, user_agent=None)
    assert await facts(owner, "select count(*) from imported_users") == (2,)
