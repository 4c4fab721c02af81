"""A card's number and security code are in the answer of issueCard and nowhere else."""

import asyncpg
import pytest
from asyncpg import Connection, Record

from pocketpay.cards import number
from pocketpay.cards import repository as cards
from pocketpay.cards.number import Secrets
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.queue import Clearing
from pocketpay.payments.desk import Desk
from pocketpay.payments.simulate_card_payment import simulate_card_payment
from pocketpay.serving import log
from tests.conftest import Dsns
from tests.payments.cards import issue
from tests.payments.customers import new_key, person
from tests.people import made

MADE = Secrets("9999991357924689", "531")
"""A number that is in no database or log by chance. The security code is searched for as a whole word."""

TABLES = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'"


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A separate database for each test, because a test reads all of it."""
    return database_dsn


@pytest.fixture(autouse=True)
def known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number, "new", lambda: MADE)


async def whole_database(owner: "Connection[Record]") -> str:
    """Every row of every table as text. Columns of bytes are included as text and in hexadecimal."""
    texts = []
    for (table,) in await owner.fetch(TABLES):
        texts += [row[0] for row in await owner.fetch(f"select t::text from {table} t")]
        columns = await owner.fetch(
            "select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 "
            "and atttypid = 'bytea'::regtype",
            table,
        )
        for (column,) in columns:
            texts += [row[0] for row in await owner.fetch(f"select encode({column}, 'escape') from {table} t")]
    return "\n".join(texts)


def assert_no_secrets(text: str) -> None:
    for part in (MADE.number, MADE.number[:-4], MADE.number.encode().hex(), MADE.number[6:15]):
        assert part not in text
    assert "531" not in {word.strip("\"'(),:{}[]") for word in text.replace(",", " ").split()}


async def test_the_database_has_only_the_last_four_digits(
    desk: Desk, owner: "Connection[Record]", dsns: Dsns
) -> None:
    ada = await person(desk, funds="10.00")
    key = new_key()
    issued = await issue(desk, ada, key=key)
    await issue(desk, ada, key=key)
    await simulate_card_payment(
        desk, ada.wallet_id, issued.card.id, raw_merchant="Bookshop", raw_amount="1.00", raw_key=new_key()
    )
    assert issued.secrets is MADE
    whole = await whole_database(owner)
    assert "4689" in whole, "the search finds what is stored"
    assert_no_secrets(whole)


async def test_the_clearing_gets_neither_the_number_nor_the_security_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Instruction] = []
    submit = Clearing.submit

    async def watched(self: Clearing, instruction: Instruction, *, weight: int) -> object:
        seen.append(instruction)
        return await submit(self, instruction, weight=weight)

    monkeypatch.setattr(Clearing, "submit", watched)
    issued = await issue(desk, await person(desk))
    (order,) = seen
    assert "4689" in repr(order)
    assert_no_secrets(repr(order))
    assert_no_secrets(repr(issued))


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_the_log_has_no_secrets_even_when_issuing_a_card_fails(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: str
) -> None:
    log.configure(made(environment=environment, log_level="debug"))
    ada = await person(desk)
    await issue(desk, ada)

    async def breaks(*arguments: object) -> None:
        raise asyncpg.CheckViolationError(f"no row like {arguments!r}")

    monkeypatch.setattr(cards, "insert", breaks)
    with pytest.raises(asyncpg.CheckViolationError) as failed:
        await issue(desk, ada)
    assert_no_secrets(str(failed.value))
    written = capsys.readouterr().err
    assert "unit_of_work_failed" in written
    assert_no_secrets(written)
