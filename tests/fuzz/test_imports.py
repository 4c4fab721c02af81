"""CSV files and dumps of `import-supabase` with odd values and damaged bytes.

A run ends with its report, or with one sentence about the file. What is not imported changes nothing.
"""

import asyncio
import io
import json
import random
import time
from pathlib import Path

import asyncpg

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.errors import PocketPayError
from pocketpay.operations import audit
from tests.conftest import Dsns, fresh_copy
from tests.fuzz.damage import damaged
from tests.fuzz.pool import AMOUNTS, TEXTS, TIMES
from tests.fuzz.rounds import Round, reported, rounds
from tests.fuzz.served import MAX_CPU_SECONDS, checksums, watched_log
from tests.importing.exports import COLUMNS, block, csv_text, imported, person

VALUES = {
    "balance": AMOUNTS,
    "balance_cents": (*AMOUNTS, "9" * 30, "1e5"),
    "created_at": (*TIMES, "2023-04-05 06:07:08+00", "infinity", "-infinity", "2023-04-05 BC"),
    "currency": ("USD", "usd", "EUR", "XXX", "", "\0"),
    "raw_user_meta_data": (
        "{}",
        "[]",
        '{"name":"x"}',
        '{"name":{"a":[]}}',
        "{" * 3_000,
        '{"name":"\\ud800"}',
        "[" * 90_000,
    ),
    "encrypted_password": (
        "",
        "$2a$10$",
        "$2b$31$" + "a" * 53,
        "$argon2id$v=19$m=99999999,t=9,p=9$YQ$YQ",
        "x" * 9_000,
    ),
    "is_anonymous": ("t", "f", "true", "maybe", ""),
    "id": ("", "x", "00000000-0000-0000-0000-000000000000", "ffffffffffffffffffffffffffffffff"),
}
TOKENS = (
    *(b",", b'"', b'""', b"\n", b"\r\n", b"\t", b"\\", b"\\.", b"\\N", b"\\N\t", b"\0", b"\xff", b"\xed\xa0\x80"),
    *(b"COPY ", b" FROM stdin;\n", b"--\n", b"/*", b"$$", b"'", b"\\restrict x\n", b"\\connect x\n", b"\xef\xbb\xbf"),
    *(b"id,email\n", b"NULL", b"\\x00", b"\\u0000", b"\x1a", b"SET x;\n", b"," * 3_000, b"a" * 70_000),
)
COUNTS = "select (select count(*) from imported_users), (select count(*) from users)"


def test_unusual_exports_cause_no_traceback(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    for round in rounds("odd_exports", cases=20):
        with fresh_copy(postgres) as dsns, reported(round):
            asyncio.run(_round(dsns, round, tmp_path))


async def _round(dsns: Dsns, round: Round, folder: Path) -> None:
    chance = round.chance
    owner = await asyncpg.connect(dsns.owner)
    with watched_log() as errors:
        for number in range(round.cases):
            file = folder / ("export.sql" if chance.random() < 0.4 else "export.csv")
            content = _export(chance, number, dump=file.suffix == ".sql")
            file.write_bytes(content)
            dry, skip = chance.random() < 0.3, chance.random() < 0.7
            round.note((file.name, dry, skip, content if len(content) < 3_000 else (content[:2_000], len(content))))
            before, began = await checksums(owner), time.thread_time()
            code = 1
            try:
                code, said = await imported(
                    dsns, file, dry=dry, skip_wrong=skip, take_suggested=chance.random() < 0.5, country="US"
                )
                assert code in (0, 1)
                assert said
            except PocketPayError as refusal:
                said = [str(refusal)]
            assert not any("Traceback" in line or "Error(" in line for line in said), said
            assert time.thread_time() - began < MAX_CPU_SECONDS
            if dry or (code == 1 and not skip):
                changed = {name for name, sum_ in (await checksums(owner)).items() if sum_ != before[name]}
                assert changed <= {"ledger_accounts"}, changed  # the first run creates the house's accounts
            assert not errors.records, errors.records[:3]
    people, users = await owner.fetchrow(COUNTS) or (0, 0)
    await owner.close()
    assert people == users
    found = io.StringIO()
    assert await audit.report(dsns.server, found) == 0, found.getvalue()


def _export(chance: random.Random, number: int, *, dump: bool) -> bytes:
    """An export of one to six people, with odd values or damaged bytes or both."""
    people = []
    for one in range(chance.randint(1, 6)):
        fields = person(number * 10 + one)
        for name in fields.keys() | set(COLUMNS):
            fields.setdefault(name, "")
        for name in sorted(fields):
            if chance.random() < 0.06:
                fields[name] = str(chance.choice((*VALUES.get(name, ()), *TEXTS, json.dumps({"a": 1}))))
        people.append(fields)
    columns = [*COLUMNS]
    if chance.random() < 0.1:
        columns = chance.sample(columns, chance.randrange(1, len(columns)))
    if dump:
        rows = [[one[name] or None for name in columns] for one in people]
        text = "--\n-- PostgreSQL database dump\n--\n" + block("auth.users", columns, rows)
    else:
        text = csv_text([{name: one[name] for name in columns} for one in people], columns)
    content = text.encode("utf-8", "surrogatepass")
    return damaged(content, chance, times=3, tokens=TOKENS) if chance.random() < 0.6 else content
